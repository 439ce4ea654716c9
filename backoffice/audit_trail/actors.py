"""The SQL by which a transaction tells the audit trail who acts."""


def act_as_sql(user_id: str, who: str, request_id: str) -> str:
    """The SQL expression that tells the audit trail who acts, until the transaction ends; see rules/audit_trail.sql.

    The arguments are SQL expressions, too.
    """
    actor = f"json_build_object('user_id', {user_id}, 'who', {who}, 'request_id', {request_id}::text)"
    return f"set_config('audit.actor', {actor}::text, true)"
