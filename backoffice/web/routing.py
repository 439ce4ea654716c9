"""Finds the routes of resources in a table, by method and path, instead of trying one pattern after the other."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import asyncpg
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from backoffice.problems import Problem
from backoffice.web.lazy_user import caller_is_unknown, look_up_caller
from backoffice.web.paths import get_route_path

ROW_PART = 3  # which part of an address names the row, as in /api/customers/{row_id}/
ANY = "*"
FOUND = "backoffice.route"  # the key in the scope

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])


def authenticates_lazily(endpoint: Endpoint) -> Endpoint:
    """Marks an endpoint that looks up the caller by itself, in the statement that answers; see `LazyUser`.

    One that changes something does it in one statement, which is a transaction in itself, or begins one.
    """
    endpoint.authenticates_lazily = True  # type: ignore[attr-defined]
    return endpoint


class RouteTable:
    """Routes by method and address.

    :param routes: those whose endpoints take the bare request.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.routes = dict(_addressed(routes))

    def find(self, scope: Scope) -> APIRoute | None:
        """The route of this request; sets what the router would set."""
        method, path = scope["method"], get_route_path(scope)
        route = self.routes.get((method, path)) or self.routes.get((method, _any_row(path)))
        match = route and route.path_regex.match(path)
        if not route or not match:
            return None
        scope.update({"route": route, "endpoint": route.endpoint, "path_params": match.groupdict(), FOUND: route})
        return route

    def is_lazy(self, scope: Scope) -> bool:
        """True when the route of this request looks up the caller by itself."""
        self.find(scope)
        return is_lazy(scope)


class FastRouting:
    """ASGI middleware; requests not in the table go on to the application, which also answers 404, 405 and 307.

    FastAPI would try some fifty patterns on every request, and then look for dependencies that there are none of.
    """

    def __init__(self, app: ASGIApp, table: RouteTable) -> None:
        self.app = app
        self.table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = scope["type"] == "http" and (scope.get(FOUND) or self.table.find(scope))
        if not route:
            await self.app(scope, receive, send)
            return
        if caller_is_unknown(scope) and not is_lazy(scope):
            raise RuntimeError(f"nobody was authenticated for {route.path}")
        request = Request(scope, receive)
        try:
            response = await route.endpoint(request)
        except (Problem, asyncpg.DataError):
            if not caller_is_unknown(scope) or scope["method"] != "GET":  # a change is run again as a whole
                raise
            # A caller without a session must not learn what was wrong with the request.
            await look_up_caller(scope)
            response = await route.endpoint(request)
        if caller_is_unknown(scope):
            raise RuntimeError(f"{route.path} has answered without authenticating anybody")
        await response(scope, receive, send)


def is_lazy(scope: Scope) -> bool:
    """True when the route that was found for this request looks up the caller by itself."""
    return FOUND in scope and getattr(scope[FOUND].endpoint, "authenticates_lazily", False)


def _any_row(path: str) -> str:
    parts = path.split("/")
    if len(parts) > ROW_PART + 1:
        parts[ROW_PART] = ANY
    return "/".join(parts)


def _addressed(routes: Sequence[BaseRoute]) -> Iterator[tuple[tuple[str, str], APIRoute]]:
    for route in routes:
        if isinstance(route, APIRoute) and len(route.param_convertors) <= 1:
            address = _any_row(route.path_format) if route.param_convertors else route.path_format
            for method in route.methods or ():
                yield (method, address), route
