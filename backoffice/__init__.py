import backoffice.audit_trail.words  # noqa: F401 # registers what the screen and the rules say
