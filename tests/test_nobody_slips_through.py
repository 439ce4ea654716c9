"""What would let a request through without a look at who sends it is an error of ours, and answers nobody."""

import pytest
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from backoffice.web.lazy_user import LAZY_USER, change_as_caller
from backoffice.web.routing import Endpoint, FastRouting, RouteTable, authenticates_lazily


async def answer(_: Request) -> Response:
    return Response("to whom?")


@authenticates_lazily
async def forget_to_ask(_: Request) -> Response:
    return Response("to whom?")


async def answers_of(endpoint: Endpoint, scope: Scope) -> list[Message]:
    router, sent = APIRouter(), list[Message]()
    router.add_api_route("/api/things/", endpoint, response_model=None)

    async def send(message: Message) -> None:
        sent.append(message)

    async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("the route was not found")

    async def receive() -> Message:
        return {"type": "http.request"}

    await FastRouting(elsewhere, RouteTable(router.routes))(scope, receive, send)
    return sent


def a_request(**more: object) -> Scope:
    return {"type": "http", "method": "GET", "path": "/api/things/", "headers": [], **more}


@pytest.mark.parametrize("endpoint", [answer, forget_to_ask])
async def test_no_route_answers_while_nobody_was_looked_up(endpoint: Endpoint) -> None:
    assert await answers_of(endpoint, a_request())  # as where the middleware has found the user
    with pytest.raises(RuntimeError, match="authenticat"):
        await answers_of(endpoint, a_request(**{LAZY_USER: object()}))


async def test_nothing_is_changed_where_the_audit_trail_was_not_told_by_whom() -> None:
    with pytest.raises(RuntimeError, match="audit trail"):
        await change_as_caller(Request(a_request()), frozenset(), lambda condition: {"change": "SELECT 1 AS changed"})
