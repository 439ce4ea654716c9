"""The roles of users, to which rights are granted."""

from enum import StrEnum


class UserRole(StrEnum):
    admin = "admin"
    manager = "manager"
    employee = "employee"


STAFF = frozenset(UserRole)
MANAGERS = frozenset({UserRole.admin, UserRole.manager})
ADMINS = frozenset({UserRole.admin})
