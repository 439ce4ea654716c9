"""The rules for a new password, wherever one is set."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, Strict, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator

from accounts.demo_password import is_known_to_everybody
from accounts.passwords import MAX_CHARACTERS, MIN_CHARACTERS, hash_at_once
from backoffice.api.values import CLEAN_PATTERN, clean_text, error


def _not_the_demo_one(value: str) -> str:
    if is_known_to_everybody(value):
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
