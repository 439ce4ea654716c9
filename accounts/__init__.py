from accounts import labels, words  # noqa: F401 # register what the screen and the rules say
