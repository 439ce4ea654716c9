"""The server from start to shutdown: `processes` → `startup`; `http_connections` limits what clients send."""
