"""What any back office needs; knows nothing of customers or users.

Where to find what; the packages say more:

- a request: `server` → `web` → `api`, or `admin` for the browser
- the data: `database`; `migrations`; rules/*.sql, of which the apps' own rules are made; `audit_trail`
- for all of them: `settings`, with `connection_urls`; `columns`; `background`, for what goes on meanwhile;
  `problems` → `words`, those of any back office in `problem_words`
- for operators: `monitoring`; `fixtures`; `grants` for the role that serves; `sigterm`, which ends their commands
- what Piccolo is told of it: `piccolo_app`, and of its command line: `command_line`
"""
