"""What schemathesis has to know about this API beyond its description."""

import os
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.openapi.checks import RejectedPositiveData

from tests.support.builders import nth_cpf

# What no JSON Schema can say: check digits, area codes, parameters that exclude or need each other, one's password, and
# that a cursor is one of ours.
BEYOND_SCHEMAS = {"cpf", "phone", "contradiction", "wrong_password", "bad_cursor"}
NEEDS_A_VALUE = "missing"

# A schema-valid request may still meet a row that is not there, or that somebody else has changed.
KNOWN_BY_THE_DATABASE_ALONE = {
    "foreign_key_violation",
    "check_violation",
    "out_of_range",
    "idempotency_key_reused",
    "stale",
}

OWN_ID = os.environ.get("OWN_ID", "")
TOKEN = os.environ.get("TOKEN", "")
spare_tokens = iter(os.environ.get("SPARE_TOKENS", "").split())

schemathesis.openapi.format("cpf", st.integers(1, 10**8 - 1).map(nth_cpf))
schemathesis.openapi.format("phone", st.integers(0, 10**8 - 1).map("(11) 9{:08d}".format))


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Drops refusals of schema-valid requests, unless a schema could have said why."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    problem = response.json()
    if problem["code"] in KNOWN_BY_THE_DATABASE_ALONE:
        return False
    return not all(_is_beyond_schemas(error, case.method) for error in problem["errors"])


def _is_beyond_schemas(error: Any, method: str) -> bool:
    return error["code"] in BEYOND_SCHEMAS or (method == "GET" and error["code"] == NEEDS_A_VALUE)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Nobody changes or deletes the caller."""
    if OWN_ID in (case.path_parameters or {}).values():
        case.path_parameters["row_id"] = "00000000-0000-4000-8000-000000000000"


@schemathesis.auth(refresh_interval=None)
class Sessions:
    """Logging out ends a spare session, so that the run stays logged in."""

    def get(self, case: Any, context: Any) -> str:
        return next(spare_tokens) if case.path == "/api/auth/logout/" else TOKEN

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers["Authorization"] = f"Bearer {data}"
