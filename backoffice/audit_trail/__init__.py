"""Who changed what and when: what the database is told of it, and keeps (rules/audit_trail.sql), and its words."""
