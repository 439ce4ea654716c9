"""From a command to a server that answers, and to its end: `processes` → `startup`; `request_heads` have a bound."""
