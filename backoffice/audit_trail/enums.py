"""Words that stand in columns of their own type."""

from enum import StrEnum


class AuditAction(StrEnum):
    created = "created"
    changed = "changed"
    deleted = "deleted"
