"""What the tests are made of. Who acts in most of them, and the application, are fixtures of `tests/conftest.py`.

Where to find what:

- the run: `surroundings` (what of the machine reaches it) → `collection` (which tests, in what order) → `databases` (a
  server, a template, and a clone of it for each test), the last two as plugins of `tests/conftest.py`
- rows, by SQL: `builders` make them; `provocations` are what the rules refuse; `trail` reads who did what
- a whole database: what it is made of in `catalog`, what the five tables hold in `commands`; `backups` of it
- over REST, in this process: `cast` and other `clients`, or `raw_requests` of no decent client; `bodies` that create a
  row, `lists`, `rights` by role, and what `hostile` requests are aimed at
- the admin: a `desk`, as far as the server can tell, or a real `browser` and its `pickers`
- refusals of all three: `refusals`
- processes: `commands`, `forked` to be quick, and `programs` that stay; `real_server` for clients with real sockets;
  `schemathesis_hooks` and the settings beside them; what is `logged`, and `scraped` for Prometheus
- PostgreSQL: `servers`, as copies of what was made once; killed, frozen or promoted: `faults` → `standby`; `pgbouncer`
  before it
- migrations of a test's own: `migrating`
- at once: `concurrently`; by chance: `properties`; on 40,000 rows: `large_tables`, and the `plans` for them
"""
