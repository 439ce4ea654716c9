"""Users, as administrators see them, and the audit trail, as managers do."""

from collections.abc import Mapping
from typing import Any

from piccolo.querystring import QueryString
from starlette.requests import Request

from accounts.demo_password import refuse_to_activate
from accounts.new_passwords import NewPassword
from accounts.passwords import hash_password
from accounts.roles import ADMINS, MANAGERS
from accounts.tables import User
from backoffice.api.admin_view import AdminView
from backoffice.api.conditions import Condition, plain
from backoffice.api.resource import Resource, Rights
from backoffice.api.selects import columns_of
from backoffice.audit_trail.tables import AuditEntry


async def hash_or_judge_password(_: Request, values: dict[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """Hashes a new password; judges the one that is there, where a user becomes active with it."""
    if "password" in values:
        values["password"] = await hash_password(values["password"])
    elif old is not None and values.get("active") and not old["active"]:
        await refuse_to_activate(old["id"])
    return values


USERS = Resource(
    table=User,
    path="users",
    description="Who may log in, and as what. For administrators.",
    rights=Rights(read=ADMINS, create=ADMINS, change=ADMINS, delete=ADMINS),
    alphabetical=frozenset({"name"}),
    parts=(User.email, User.name),
    types={"password": NewPassword},
    required=frozenset({"password"}),
    prepare=hash_or_judge_password,
    examples={
        "email": "joana@example.com",
        "password": "a long password",
        "name": "Joana Prado",
        "role": "employee",
        "active": True,
    },
    conflicts={
        "create": ("unique_violation",),
        "change": ("unique_violation", "last_admin"),
        "delete": ("last_admin",),
    },
    admin=AdminView(
        group="Team",
        visible=(User.name, User.email, User.role, User.active),
        filters=(User.name, User.email, User.role, User.active),
        link=User.name,
    ),
)

NOBODY = frozenset[str]()


def visible_entries(request: Request) -> Condition | None:
    """Hides the entries about users from callers who may not read users."""
    if USERS.allows(request, "read"):
        return None
    return plain(QueryString("table_name <> {}", USERS.tablename))


AUDIT_TRAIL = Resource(
    table=AuditEntry,
    path="audit-trail",
    description="Who changed what and when, through whichever door. Written by the database; for managers to read.",
    rights=Rights(read=MANAGERS, create=NOBODY, change=NOBODY, delete=NOBODY),
    row_filter=visible_entries,
    server_managed=frozenset(columns_of(AuditEntry)),
    order="-happened_at",
    orders=frozenset({"happened_at"}),
    filters=frozenset({"id", "happened_at", "who", "user_id", "action", "table_name", "row_id"}),
    exact_only=frozenset({"who", "table_name"}),
    admin=AdminView(
        group="Oversight",
        visible=(
            AuditEntry.happened_at,
            AuditEntry.who,
            AuditEntry.action,
            AuditEntry.table_name,
            AuditEntry.row_name,
            AuditEntry.changes,
        ),
        filters=(
            AuditEntry.happened_at,
            AuditEntry.who,
            AuditEntry.action,
            AuditEntry.table_name,
            AuditEntry.row_id,
        ),
        link=AuditEntry.happened_at,
        tables=AuditEntry.table_name,
    ),
)
