"""Monitoring of a running process: `health`, by means of `probing`; `metrics`; `logs`."""
