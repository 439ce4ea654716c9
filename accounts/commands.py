"""The operators' commands for users."""

import asyncio
import getpass
import sys

from pydantic import TypeAdapter, ValidationError

from accounts.passwords import MIN_CHARACTERS, hash_password
from accounts.roles import UserRole
from accounts.tables import User
from backoffice.database.errors import explain
from backoffice.database.failures import DATABASE_ERRORS, cause
from backoffice.problems import FieldError, Problem, describe, field_errors


def create_admin(email: str | None = None, name: str | None = None) -> None:
    """
    Create an administrator. The password is asked for, or read from standard input where that is no terminal.

    :param email:
        What they log in with. Asked for unless given.
    :param name:
        What they are called. Asked for unless given.
    """
    try:
        email = _ask("E-mail: ") if email is None else email
        name = _ask("Name: ") if name is None else name
        password = _ask_password()
    except KeyboardInterrupt:
        sys.exit("\nNo administrator was created.")
    except EOFError:
        sys.exit("\nNo administrator was created: the input ended before all was said.")
    if refusal := asyncio.run(_create(email.strip(), name.strip(), password)):
        sys.exit(refusal)
    print(f"Administrator {email.strip()} was created.")  # noqa: T201 # the command's answer


def _ask(question: str) -> str:
    return input(question if sys.stdin.isatty() else "")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return input()
    password = getpass.getpass(f"Password, at least {MIN_CHARACTERS} characters: ")
    if getpass.getpass("The same again: ") != password:
        sys.exit("The two passwords differ. No administrator was created.")
    return password


def _refused(email: str, name: str, password: str) -> str | None:
    """The reason why one of them is refused, or None; the database judges e-mails and names, where they are text."""
    from accounts.new_passwords import NewPassword  # takes 40 ms, which other commands need not wait for
    from backoffice.api.values import CleanText

    text: TypeAdapter[str] = TypeAdapter(CleanText)
    kinds = {"email": (text, email), "name": (text, name), "password": (TypeAdapter(NewPassword), password)}
    for field, (kind, value) in kinds.items():
        try:
            kind.validate_python(value)
        except ValidationError as error:
            wrong = [FieldError(field, found.code, found.parameters) for found in field_errors(error.errors())]
            return str(describe(Problem("validation_error", errors=wrong), "en", "")["detail"])
    return None


async def _create(email: str, name: str, password: str) -> str | None:
    """The refusal, or None."""
    if refusal := _refused(email, name, password):
        return refusal
    user = User(email=email, name=name, role=UserRole.admin, password=await hash_password(password))
    try:
        await user.save()
    except DATABASE_ERRORS as error:
        problem = explain(error)
        reason = describe(problem, "en", "")["detail"] if problem else None
        return reason if problem and problem.status < 500 else cause(error)
    return None
