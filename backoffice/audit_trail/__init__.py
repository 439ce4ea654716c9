"""The audit trail: who acts, as the database is told (`actors`); the entries that it writes (`tables` and `enums`, and
rules/audit_trail.sql); what is said (`words`).
"""

from backoffice.audit_trail import words  # noqa: F401 # registers labels and messages
