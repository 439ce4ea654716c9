# What the screen and the rules say is registered by importing it.
import backoffice.audit_trail.words
import backoffice.problem_words  # noqa: F401
