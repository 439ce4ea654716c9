"""A short way to the routes of resources: by their address, instead of trying one pattern after the other."""

from collections.abc import Iterator, Sequence

from fastapi.routing import APIRoute
from starlette._utils import get_route_path
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

ROW = 3  # which part of an address names the row, as in /api/customers/{row_id}/
ANY = "*"


class Direct:
    """ASGI middleware; what it does not know goes on to the application, which also says 404, 405 and 307.

    FastAPI would try some fifty patterns on every request, and then look for dependencies that there are none of.

    :param routes: those whose endpoints take the bare request.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self.app = app
        self.routes = dict(_addressed(routes))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._find(scope):
            await self.app(scope, receive, send)
            return
        response = await scope["route"].endpoint(Request(scope, receive))
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> bool:
        """Sets what the router would set."""
        method, path = scope["method"], get_route_path(scope)
        route = self.routes.get((method, path)) or self.routes.get((method, _any_row(path)))
        match = route and route.path_regex.match(path)
        if not route or not match:
            return False
        scope.update(route=route, endpoint=route.endpoint, path_params=match.groupdict())
        return True


def _any_row(path: str) -> str:
    parts = path.split("/")
    if len(parts) > ROW + 1:
        parts[ROW] = ANY
    return "/".join(parts)


def _addressed(routes: Sequence[BaseRoute]) -> Iterator[tuple[tuple[str, str], APIRoute]]:
    """The routes by method and address."""
    for route in routes:
        if isinstance(route, APIRoute) and len(route.param_convertors) <= 1:
            address = _any_row(route.path_format) if route.param_convertors else route.path_format
            for method in route.methods:
                yield (method, address), route
