"""What operators hear of a running process: `health`, which asks by `probing`; `metrics`; `logs`."""
