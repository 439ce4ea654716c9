"""The audit trail: who acts, as the database is told; the entries that it writes (rules/audit_trail.sql); the texts."""

from backoffice.audit_trail import words  # noqa: F401 # registers labels and messages
