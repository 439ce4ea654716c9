"""The statuses of a pre-sale."""

from enum import StrEnum


class PresaleStatus(StrEnum):
    """The moves between them are kept by crm/rules/presales.sql."""

    draft = "draft"
    pending = "pending"
    approved = "approved"
    cancelled = "cancelled"
    converted = "converted"
