"""The REST API of every resource.

Where to find what:

- declare: `resource`, and for the admin `admin_view`
- ask: `raw_parameters` → `query`, made of `filters` (→ `text_parts` → `conditions`), `page` and `cursors`
- answer: `reading` → `lists` (→ `list_queries` of `list_shapes`, `selects`, `totals`) → `answers`
- write: `crud` → `bodies` → `schemas` (→ `value_types` → `values`) → `store`
- describe: `routes` → `descriptions` → `operations`
"""
