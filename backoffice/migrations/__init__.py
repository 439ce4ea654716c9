"""Migrations that can be trusted with production data: around Piccolo's own, not instead of them.

Where to find what:

- run: `commands` and `piccolo_commands` (ours and Piccolo's) → `choices` among `files` → `runner`, alone by its `lock`,
  heard by a `journal`, remembered by `records` and as `expected`, resumed by its `progress`, told by its `outcomes`
- compare: `checking` → `catalog`, with what `scratch` makes on a server of its own; `repair`
- foresee: `planning` → `observing` → `risks`
- write: `writing` → `changes` (what is `declared` against what was made) → `parts`; `sql` and `labels` read SQL
- be called by migrations: `scripts`, `retyping`
"""

from backoffice.migrations.retyping import retype
from backoffice.migrations.scripts import script

__all__ = ["retype", "script"]
