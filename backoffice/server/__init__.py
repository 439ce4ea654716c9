"""From a command to a server that answers, and to its end: `processes` → `startup`; `http_connections` have a bound."""
