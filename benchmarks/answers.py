"""Before anything is timed: everybody gives the same answers."""

import json
from collections.abc import Sequence
from http.client import HTTPConnection
from typing import Any

from benchmarks.contenders import Running
from benchmarks.load import COUNTER
from benchmarks.work import WORK, Request, Work

SAMPLES = 5  # of each kind of request
MAX_SHOWN_LENGTH = 1500


class DifferentAnswers(Exception):
    """The text shows what was expected, and what came."""


def check_answers(running: Sequence[Running], token: str) -> None:
    """:raises DifferentAnswers: where somebody does not answer as the first does."""
    first, *others = running
    for work in WORK:
        expected = _answers(first, work, token)
        for other in others:
            for wanted, given in zip(expected, _answers(other, work, token), strict=True):
                _compare(f"{work.name}, {other.contender.name}", wanted, given)


def _compare(what: str, wanted: Any, given: Any) -> None:
    if "total" in given and given["total"] is None:  # see Dialect.unfiltered
        wanted = {**wanted, "total": None}
    if wanted != given:
        shown = "\n".join(json.dumps(answer, ensure_ascii=False)[:MAX_SHOWN_LENGTH] for answer in (wanted, given))
        raise DifferentAnswers(f"{what}: expected, and given:\n{shown}")


def _answers(one: Running, work: Work, token: str) -> list[Any]:
    connection = HTTPConnection("127.0.0.1", one.port, timeout=20)
    try:
        requests = work.requests(one.contender.dialect)[:SAMPLES]
        return [_answer(connection, one, work, request, token) for request in requests]
    finally:
        connection.close()


def _answer(connection: HTTPConnection, one: Running, work: Work, request: Request, token: str) -> Any:
    body = None if request.body is None else json.dumps(request.body).replace(COUNTER.decode(), "0")
    headers = {**one.contender.headers(token), "Content-Type": "application/json"}
    connection.request(request.method, request.path, body, headers)
    response = connection.getresponse()
    text = response.read().decode()
    if response.status != work.expected:
        raise DifferentAnswers(f"{work.name}, {one.contender.name}: {response.status}: {text[:MAX_SHOWN_LENGTH]}")
    sent = {name.lower(): value for name, value in response.getheaders()}
    return work.meaning(one.contender.dialect, json.loads(text), sent)
