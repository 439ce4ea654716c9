"""Migrations that can be trusted with production data: around Piccolo's own, not instead of them.

Where to find what:

- run: `commands` and `piccolo_commands` (ours and Piccolo's) → `choices` among `files` → `runner`, under a `lock`,
  with `patience`, an eye on `constraints`, noted by a `journal`, recorded by `records` and `expected`, resumed by
  `progress`, reported by `outcomes`
- compare: `checking` → `catalog`, with databases that `scratch` makes on a server of its own; `repair`
- plan: `planning` → `observing` → `risks`
- write: `writing` → `changes` (what is `declared` against what was made) → `parts`; `sql` and `labels` read SQL
- be called by migrations: `scripts`, `retyping`
"""

from backoffice.migrations.retyping import retype
from backoffice.migrations.scripts import script

__all__ = ["retype", "script"]
