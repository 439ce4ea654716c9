"""The admin, over the same resources as the REST API: piccolo-admin's front end, with our routes behind it."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from fastapi import APIRouter, FastAPI
from piccolo_admin.endpoints import AdminRouter, GroupedTableNamesResponseModel, UserResponseModel
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount

from backoffice.admin.crud import AdminCRUD
from backoffice.admin.page import PATH, extended, static_file
from backoffice.admin.words import translations
from backoffice.api.resource import Resource
from backoffice.api.routes import FIXED
from backoffice.web import problem_responses
from backoffice.web.pages import page

# Piccolo's API documentation of its own routes, which we remove: a second API, and pages with scripts of another host.
DESCRIPTIONS = ("/docs", "/openapi.json")


class KnownCaller(AuthenticationBackend):
    """The user whom an outer middleware has stored in the scope; where it has not, an error, never an open door."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser]:
        return conn.auth, conn.user


class Admin(AdminRouter):
    """Piccolo's router without tables of its own, since it would give each a stock PiccoloCRUD; ours are added."""

    def __init__(
        self, resources: Sequence[Resource], ensure_csrf_cookie: Callable[[Request, Response], None], **settings: Any
    ) -> None:
        """:param ensure_csrf_cookie: called for the page, whose log-in form sends the cookie's value back."""
        super().__init__(translations=translations([resource.tablename for resource in resources]), **settings)
        self.resources = resources
        self.ensure_csrf_cookie = ensure_csrf_cookie
        self.user_middleware = []  # no CSRF check of Piccolo's: each change has passed ours
        self.template = extended(self.template, title=self.site_name)
        self.router.add_route(PATH, static_file)
        for part in (self, self._mounted("/api"), self._mounted("/public")):
            problem_responses.install(part)
            part.exception_handlers[500] = _pass_on  # Piccolo's would log each refusal as an error
            part.router.routes[:] = [route for route in part.routes if getattr(route, "path", "") not in DESCRIPTIONS]
        self._behind("/api").backend = KnownCaller()
        for resource in resources:
            _add_routes(self._mounted("/api"), AdminCRUD(resource, resources))

    def _behind(self, path: str) -> Any:
        return next(route.app for route in self.routes if isinstance(route, Mount) and route.path == path)

    def _mounted(self, path: str) -> FastAPI:
        app = self._behind(path)
        return cast(FastAPI, app if isinstance(app, FastAPI) else app.app)  # the API stands behind a middleware

    async def get_root(self, request: Request) -> HTMLResponse:
        response = page(self.template)
        self.ensure_csrf_cookie(request, response)
        return response

    def get_user(self, request: Request) -> UserResponseModel:
        caller = request.user.user
        return UserResponseModel(username=caller.username, user_id=str(caller.id))

    # FastAPI passes the arguments of this signature.
    def get_table_list_grouped(self, request: Request) -> GroupedTableNamesResponseModel:  # type: ignore[override]
        """The tables of the side bar, in the order of the resources; Piccolo's own method sorts them by name."""
        response = GroupedTableNamesResponseModel()
        for resource in self.resources:
            if resource.allows(request, "read"):
                response.grouped.setdefault(resource.admin.group, []).append(resource.tablename)
        return response


async def _pass_on(_: Request, error: Exception) -> Response:
    raise error


def _add_routes(app: FastAPI, crud: AdminCRUD) -> None:
    """Adds routes as FastAPIWrapper would, but with bare requests: the front end shows FastAPI's refusals badly."""
    table = f"/tables/{crud.resource.tablename}/"
    row = f"{table}{{row_id}}/"
    router = APIRouter(include_in_schema=False)
    router.get(table)(crud.list_rows)
    for name in FIXED:
        router.get(f"{table}{name}/")(getattr(crud, f"get_{name}"))
    router.get(row)(crud.read_row)
    if not crud.resource.read_only:
        router.post(table)(crud.create_row)
        router.api_route(row, methods=["PUT", "PATCH"])(crud.change_row)
        router.delete(row)(crud.delete_row)
    app.include_router(router)
