"""A short way to the routes of resources: by their address, instead of trying one pattern after the other."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import asyncpg
from fastapi.routing import APIRoute
from starlette._utils import get_route_path
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from backoffice.api.strangers import STRANGER
from backoffice.problems import Problem

ROW = 3  # which part of an address names the row, as in /api/customers/{row_id}/
ANY = "*"
FOUND = "backoffice.route"  # the key in the scope

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])


def welcomes_strangers(endpoint: Endpoint) -> Endpoint:
    """Marks an endpoint that finds out by itself who asks, with the statement that answers."""
    endpoint.welcomes_strangers = True  # type: ignore[attr-defined]
    return endpoint


class Directory:
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

    def welcomes(self, scope: Scope) -> bool:
        """Whether the route of this request finds out by itself who asks."""
        self.find(scope)
        return welcomes(scope)


class Direct:
    """ASGI middleware; what is not in the directory goes on to the application, which also says 404, 405 and 307.

    FastAPI would try some fifty patterns on every request, and then look for dependencies that there are none of.
    """

    def __init__(self, app: ASGIApp, directory: Directory) -> None:
        self.app = app
        self.directory = directory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = scope["type"] == "http" and (scope.get(FOUND) or self.directory.find(scope))
        if not route:
            await self.app(scope, receive, send)
            return
        if STRANGER in scope and not welcomes(scope):
            raise RuntimeError(f"a stranger has come to {route.path}")
        request = Request(scope, receive)
        try:
            response = await route.endpoint(request)
        except (Problem, asyncpg.DataError):
            if STRANGER not in scope or scope["method"] != "GET":  # what changes something is run again as a whole
                raise
            await scope[STRANGER].introduce(scope)  # whoever may not ask is not told what was wrong with the question
            response = await route.endpoint(request)
        if STRANGER in scope:
            raise RuntimeError(f"{route.path} has answered a stranger")
        await response(scope, receive, send)


def welcomes(scope: Scope) -> bool:
    """Whether the route that was found for this request finds out by itself who asks."""
    return FOUND in scope and getattr(scope[FOUND].endpoint, "welcomes_strangers", False)


def _any_row(path: str) -> str:
    parts = path.split("/")
    if len(parts) > ROW + 1:
        parts[ROW] = ANY
    return "/".join(parts)


def _addressed(routes: Sequence[BaseRoute]) -> Iterator[tuple[tuple[str, str], APIRoute]]:
    for route in routes:
        if isinstance(route, APIRoute) and len(route.param_convertors) <= 1:
            address = _any_row(route.path_format) if route.param_convertors else route.path_format
            for method in route.methods or ():
                yield (method, address), route
