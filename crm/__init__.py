"""The business: customers, products and pre-sales.

Where to find what:

- what PostgreSQL keeps: `tables` with their `enums`, and rules/*.sql, one subject a file
- what the API and the admin offer of it: `resources` with their `examples`; `search`
- pre-sales: `presales` (their life, their routes) → `presale_lines`, and `idempotency` of a request that is sent again
- how Brazilians write numbers: `brazil`
- what Piccolo is told of it: `piccolo_app`
- what is said: `words` of refusals, `labels` on the screen; importing the package registers them
"""

from crm import labels, words  # noqa: F401 # registers the labels and the messages
