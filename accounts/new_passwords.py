"""The rules for a new password, wherever one is set."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, Strict, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator

from accounts.passwords import DEMO_PASSWORD, MAX_CHARACTERS, MIN_CHARACTERS, hash_at_once, in_one_form
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


def _hashed(value: Any, validate: ValidatorFunctionWrapHandler) -> str:
    is_hash = isinstance(value, str) and value.startswith("$argon2")  # the database says whether it is whole
    return str(value) if is_hash else hash_at_once(validate(value))


# Becomes the hash: of a dump as it is, and that of a password that somebody wrote into a fixture.
PasswordOrHash = Annotated[NewPassword, WrapValidator(_hashed)]
