"""Who changed what and when: what the database is told of it, and keeps (rules/audit_trail.sql), and its words."""

from backoffice.audit_trail import words  # noqa: F401 # registers what is said of it
