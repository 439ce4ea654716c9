"""Enums for columns with a PostgreSQL ENUM type."""

from enum import StrEnum


class AuditAction(StrEnum):
    created = "created"
    changed = "changed"
    deleted = "deleted"
