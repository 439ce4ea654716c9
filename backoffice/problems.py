"""Refusals: a `Problem` is raised wherever something is refused; the outermost middleware answers with RFC 9457."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from backoffice import problem_words, words  # noqa: F401 # the former registers the common messages

# pydantic distinguishes more kinds of errors than a reader needs.
SAME_WORDS: Mapping[str, str] = {
    "int_parsing": "int_type",
    "int_from_float": "int_type",
    "int_parsing_size": "int_type",
    "bool_parsing": "bool_type",
    "decimal_parsing": "decimal_type",
    "uuid_type": "uuid_parsing",
    "datetime_type": "datetime_parsing",
    "datetime_from_date_parsing": "datetime_parsing",
    "enum": "literal_error",
    "model_type": "dict_type",
}

MAX_FIELD_LENGTH = 100  # characters of a field's name that an answer repeats
MAX_ERRORS = 100  # in one answer; a hundred of ten thousand wrong lines show the pattern

Model = TypeVar("Model", bound=BaseModel)


@dataclasses.dataclass(frozen=True)
class FieldError:
    """One wrong value: where it is, a code of `words.VALUE_ERRORS` or of a constraint, and the code's parameters."""

    field: str
    code: str
    parameters: Mapping[str, object] = dataclasses.field(default_factory=dict)


class Problem(Exception):
    """A request is refused.

    :param code: a key of `words.PROBLEMS`, which gives the status and the words.
    :param errors: which values are to blame.
    :param constraint: the constraint whose words say more than the code's.
    :param headers: sent with the answer.
    :param parameters: for the sentence.
    """

    def __init__(
        self,
        code: str,
        *,
        errors: Sequence[FieldError] = (),
        constraint: str | None = None,
        headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors
        self.constraint = constraint
        self.headers = dict(headers or {})
        self.parameters = parameters or {}

    @property
    def status(self) -> int:
        return words.PROBLEMS[self.code].status


class ErrorBody(BaseModel):
    """One value that is to blame."""

    field: str
    code: str
    message: str


class ProblemBody(BaseModel):
    """RFC 9457, `application/problem+json`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    errors: list[ErrorBody]


def describe(problem: Problem, language: words.Language, instance: str) -> dict[str, Any]:
    """The body of the answer, as `ProblemBody` says."""
    about = words.PROBLEMS[problem.code]
    errors = [
        {"field": error.field, "code": _public_code(error), "message": _message(error, language)}
        for error in problem.errors[:MAX_ERRORS]
    ]
    return {
        "type": f"urn:problem:{problem.code}",
        "title": words.translate(about.title, language),
        "status": about.status,
        "detail": _detail(problem, language),
        "code": problem.code,
        "instance": instance,
        "errors": errors,
    }


def _detail(problem: Problem, language: words.Language) -> str:
    if problem.constraint in words.CONSTRAINTS:
        says = words.CONSTRAINTS[problem.constraint].says
        return _say(says, words.PROBLEMS[problem.code].detail, language, problem.parameters)
    if problem.code == "validation_error" and problem.errors:
        return " ".join(
            f"{error.field}: {_message(error, language)}" if error.field else _message(error, language)
            for error in problem.errors[:3]
        )
    return words.translate(words.PROBLEMS[problem.code].detail, language, **problem.parameters)


def _say(text: words.Text, plainer: words.Text, language: words.Language, parameters: Mapping[str, object]) -> str:
    """The sentence, or a plainer one when a parameter of the sentence is missing."""
    try:
        return words.translate(text, language, **parameters)
    except KeyError:
        return words.translate(plainer, language)


def _public_code(error: FieldError) -> str:
    constraint = words.CONSTRAINTS.get(error.code)
    return constraint.code if constraint else error.code


def _message(error: FieldError, language: words.Language) -> str:
    if error.code in words.CONSTRAINTS:
        constraint = words.CONSTRAINTS[error.code]
        plainer = words.PROBLEMS[constraint.code].detail
        return _say(constraint.each or constraint.says, plainer, language, error.parameters)
    if error.code in words.PROBLEMS:
        return words.translate(words.PROBLEMS[error.code].detail, language, **error.parameters)
    plainer = words.VALUE_ERRORS["invalid"]
    return _say(words.VALUE_ERRORS.get(error.code, plainer), plainer, language, error.parameters)


def validated(model: type[Model], data: object) -> Model:
    """:raises Problem: validation_error, naming each field that is wrong."""
    if isinstance(data, dict) and len(data) > len(model.model_fields) + MAX_ERRORS:
        # pydantic would describe each of a million errors, of which a hundred are reported
        unknown = islice((name for name in data if name not in model.model_fields), MAX_ERRORS)
        raise Problem(
            "validation_error", errors=[FieldError(name[:MAX_FIELD_LENGTH], "extra_forbidden") for name in unknown]
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Problem("validation_error", errors=field_errors(error.errors(include_url=False))) from error


def field_errors(errors: Sequence[ErrorDetails | Any]) -> list[FieldError]:
    """pydantic's errors, in our words. Fields in lists are named by their position: `items.0.quantity`."""
    return [
        FieldError(".".join(str(part) for part in error["loc"])[:MAX_FIELD_LENGTH], _code(error), _parameters(error))
        for error in errors[:MAX_ERRORS]
    ]


def _parameters(error: ErrorDetails) -> Mapping[str, object]:
    """The parameters; `expected` is taken from pydantic's English sentence."""
    parameters = error.get("ctx") or {}
    if "expected" in parameters:
        return {"expected": ", ".join(re.findall("'[^']*'", parameters["expected"]))}
    return parameters


def _code(error: ErrorDetails) -> str:
    if error["input"] is None and error["type"] not in ("missing", "extra_forbidden"):
        return "null"
    return SAME_WORDS.get(error["type"], error["type"])
