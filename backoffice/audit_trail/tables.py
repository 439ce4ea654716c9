"""The audit trail: who changed what and when, in any table."""

from piccolo.columns import JSONB, UUID, Timestamptz, Varchar
from piccolo.table import Table

from backoffice.audit_trail.enums import AuditAction
from backoffice.columns import EnumColumn

MAX_NAME_LENGTH = 63  # of a role or a table, in PostgreSQL
WRITTEN_BY_RULES = "written by rules"  # tag of a table that only the database's own functions write


class AuditEntry(Table, tablename="audit_trail", tags=[WRITTEN_BY_RULES]):
    """What became of one row. Written by the database alone, and never altered: see rules/audit_trail.sql."""

    id = UUID(primary_key=True)
    happened_at = Timestamptz(index=True)
    who = Varchar(length=255, default=None, help_text="The e-mail of the user, or else the role in the database.")
    user_id = UUID(default=None, null=True, help_text="Empty where the change did not come through the application.")
    database_role = Varchar(length=MAX_NAME_LENGTH, default=None, help_text="Who was logged in to the database.")
    request_id = Varchar(length=64, default=None, null=True, help_text="Stands in the log of the application, too.")
    action = EnumColumn(choices=AuditAction, type_name="audit_action")
    table_name = Varchar(length=MAX_NAME_LENGTH, default=None)
    row_id = UUID(default=None, index=True)
    row_name = Varchar(
        length=255, default=None, null=True, help_text="What people know the row by; for a line, its pre-sale."
    )
    changes = JSONB(
        default=None,
        null=True,
        help_text="For each column the value before and after; of a row that was deleted, all it had.",
    )
