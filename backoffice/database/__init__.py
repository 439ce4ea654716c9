"""The access to PostgreSQL.

Where to find what:

- find and reach it: `connecting`, by TLS or not, past hosts that are away; `embedded`, where none is configured
  (→ `sharing` it with other processes)
- talk to it: `engine` → `pool`, maybe through a `pooler`; `transactions`; `standby` for reads
- know whether anything has changed: `snapshots`; keep rows for a time only: `expiry`
- understand how it fails: `failures`; what that means to a person: `errors`
- around it: the `programs` of the embedded one; `backup` by PostgreSQL's `client_programs`
"""
