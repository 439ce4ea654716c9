"""Draws the tables, from the Table classes: `python -m docs.er_diagram > docs/er-diagram.md`."""

import sys
from typing import Any

from piccolo.columns import Column, ForeignKey

from accounts.resources import AUDIT_TRAIL, USERS
from crm.resources import RESOURCES

TABLES = [resource.table for resource in (USERS, *RESOURCES, AUDIT_TRAIL)]


def draw() -> str:
    """Markdown with a Mermaid diagram."""
    lines = [
        "# The five tables, and the trail of what becomes of their rows",
        "",
        "Made from the Table classes by `python -m docs.er_diagram`; do not edit.",
        "",
        "```mermaid",
        "erDiagram",
    ]
    for table in TABLES:
        lines += [f"    {table._meta.tablename} {{", *map(_column, table._meta.columns), "    }"]
    lines += [_relation(key) for table in TABLES for key in table._meta.foreign_key_columns]
    return "\n".join([*lines, "```", ""])


def _column(column: Column) -> str:
    kind = column.column_type.lower().replace(", ", "-").replace(" ", "_")
    mark = " PK" if column._meta.primary_key else " FK" if isinstance(column, ForeignKey) else ""
    return f"        {kind} {column._meta.name}{mark}"


def _relation(key: "ForeignKey[Any]") -> str:
    referenced = key._foreign_key_meta.resolved_references._meta.tablename
    return f"    {referenced} ||--o{{ {key._meta.table._meta.tablename} : {key._meta.name}"


if __name__ == "__main__":
    sys.stdout.write(draw())
