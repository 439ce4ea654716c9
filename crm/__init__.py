from crm import labels, words  # noqa: F401 # registers the labels and the messages
