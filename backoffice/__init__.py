from backoffice import audit_words  # noqa: F401 # registers what the screen and the rules say
