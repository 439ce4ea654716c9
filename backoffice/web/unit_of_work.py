"""One transaction for each request that changes data."""

import asyncio

import asyncpg
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backoffice.database.engine import the_engine
from backoffice.database.errors import is_refusal, repeat
from backoffice.database.failures import is_collision, is_lost
from backoffice.problems import Problem
from backoffice.web.lazy_user import look_up_caller
from backoffice.web.methods import SAFE_METHODS
from backoffice.web.paths import get_route_path
from backoffice.web.request_bodies import SMALL_BODY_BYTES, Disconnected, RequestBodies
from backoffice.web.routing import is_lazy

MAX_TRIES = 4


class Answer:
    """An answer held back until it is certain."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def hold(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def failed(self) -> bool:
        return not self.messages or self.messages[0]["status"] >= 400

    async def release(self, send: Send) -> None:
        for message in self.messages:
            await send(message)


class UnitOfWork:
    """A transaction for each change: committed before the answer is sent, rolled back for a refusal. Reads have none.

    When PostgreSQL breaks off a transaction because it collided with another, the request is run again. A read that
    lost its connection is run once more.

    :param prefixes: the paths to which this applies.
    :param no_transaction: paths among them without one, since their refusals must store something.
    :param excluded: paths among them to which this does not apply: they read no body, and limit their time themselves.
    """

    def __init__(
        self,
        app: ASGIApp,
        prefixes: tuple[str, ...],
        no_transaction: tuple[str, ...] = (),
        excluded: tuple[str, ...] = (),
    ) -> None:
        self.app = app
        self.prefixes = prefixes
        self.no_transaction = no_transaction
        self.excluded = excluded
        self.bodies = RequestBodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # With a slash behind it, so that prefixes mean `/api` and `/api/health` as well.
        path = f"{get_route_path(scope)}/" if scope["type"] == "http" else ""
        if not path.startswith(self.prefixes) or path.startswith(self.excluded):
            await self.app(scope, receive, send)
            return
        try:
            async with self.bodies.read(scope, receive) as body:
                async with asyncio.timeout(the_engine().settings.request_timeout):
                    answer = await self._answer(scope, body)
                await answer.release(send)
        except Disconnected:
            return

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        if get_route_path(scope).startswith(self.no_transaction):
            return await self._run(scope, body, authenticated=scope["method"] not in SAFE_METHODS)
        if scope["method"] in SAFE_METHODS:
            return await repeat(is_lost, 2, self._run, scope, body)
        return await repeat(is_collision, MAX_TRIES, self._change, scope, body)

    async def _run(self, scope: Scope, body: bytes, *, authenticated: bool = False) -> Answer:
        answer = Answer()
        # A copy: what one try writes into the scope must not reach the next.
        copy = {**scope, "state": dict(scope.get("state", {}))}
        try:
            if authenticated:
                await look_up_caller(copy)  # in the transaction, if there is one, so that it knows who acts
            await self.app(copy, _replay(body), answer.hold)
        finally:
            scope.update({key: copy[key] for key in ("route", "user") if key in copy})
            scope["mount"] = copy.get("root_path", "").removeprefix(scope.get("root_path", ""))  # where the route is
        return answer

    async def _change(self, scope: Scope, body: bytes) -> Answer:
        """Runs a change. Callers are looked up before a refusal: without a session, they must not learn its reason."""
        if is_lazy(scope) and len(body) <= SMALL_BODY_BYTES:
            try:
                return await self._run(scope, body)  # such a route has a transaction of its own
            except (Problem, asyncpg.PostgresError) as error:
                if "user" in scope or _is_unauthenticated(error) or not is_refusal(error):
                    raise
        return await self._run_in_transaction(scope, body)

    async def _run_in_transaction(self, scope: Scope, body: bytes) -> Answer:
        async with the_engine().transaction() as transaction:
            answer = await self._run(scope, body, authenticated=True)
            if answer.failed:
                await transaction.rollback()
        return answer


def _is_unauthenticated(error: Exception) -> bool:
    """True when the caller was looked up in vain."""
    return isinstance(error, Problem) and error.code == "unauthenticated"


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
