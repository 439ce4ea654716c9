"""The rules for a new password, wherever one is set."""

from typing import Annotated

from pydantic import AfterValidator, Field, Strict, WithJsonSchema

from accounts.passwords import DEMO_PASSWORD, MAX_CHARACTERS, MIN_CHARACTERS, in_one_form
from backoffice.api.values import CLEAN_PATTERN, clean_text, error
from backoffice.database.engine import the_engine


def _not_the_demo_one(value: str) -> str:
    """Refuses it in production, which would not start: see demo_password.py."""
    if in_one_form(value) == in_one_form(DEMO_PASSWORD) and the_engine().settings.production:
        raise error("demo_password")
    return value


NewPassword = Annotated[
    str,
    Strict(),
    Field(min_length=MIN_CHARACTERS, max_length=MAX_CHARACTERS),
    AfterValidator(clean_text),
    AfterValidator(_not_the_demo_one),
    WithJsonSchema(
        {"type": "string", "minLength": MIN_CHARACTERS, "maxLength": MAX_CHARACTERS, "pattern": CLEAN_PATTERN}
    ),
]
