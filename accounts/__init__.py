"""Users: who they are, how they log in, and what their roles may do.

Where to find what:

- what PostgreSQL keeps: `tables`, and rules/*.sql, one subject a file
- who asks: `authentication`, by `cookies` or a token, of one of the `sessions`
- logging in: `routes` for programs, `admin_routes` for the admin → `login`, within the bounds of `throttle`
- passwords: `passwords` hashes them; `new_passwords` are judged; the `demo_password` is refused in production
- rights: `roles`; `resources` says who reads and changes users and the audit trail
- for operators: `commands`
- what Piccolo is told of it: `piccolo_app`
- what is said: `words` of refusals, `labels` on the screen; importing the package registers them
"""

from accounts import labels, words  # noqa: F401 # registers the labels and the messages
