"""The SQL by which a transaction tells the audit trail who acts."""

import json

from piccolo_api.shared.auth import User
from starlette.types import Scope


def act_as(user_id: object, who: str, request_id: str | None = None) -> str:
    """The statement that tells the audit trail who acts, until the transaction ends; see rules/audit_trail.sql."""
    actor = {"user_id": str(user_id), "who": who, "request_id": request_id}
    return f"SET LOCAL audit.actor = {_quoted(json.dumps(actor))};"


def act_as_sql(user_id: str, who: str, request_id: str) -> str:
    """The same as an SQL expression in a query. The arguments are SQL expressions, too."""
    actor = f"json_build_object('user_id', {user_id}, 'who', {who}, 'request_id', {request_id}::text)"
    return f"set_config('audit.actor', {actor}::text, true)"


def act_for(scope: Scope) -> str:
    """`act_as` for the user who sent this request; empty when there is no such user."""
    user = scope.get("user")
    return act_as(user.user.id, user.user.username, scope["state"]["request_id"]) if isinstance(user, User) else ""


def _quoted(text: str) -> str:
    """The text as an SQL literal, as by quote_literal, whatever standard_conforming_strings is."""
    doubled = text.replace("'", "''").replace("\\", "\\\\")
    return f"E'{doubled}'"
