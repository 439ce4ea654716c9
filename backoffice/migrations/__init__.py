"""Migrations that can be trusted with production data: around Piccolo's own, not instead of them."""

from backoffice.migrations.retyping import retype
from backoffice.migrations.scripts import script

__all__ = ["retype", "script"]
