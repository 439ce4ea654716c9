"""The application, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from accounts.admin_routes import router as admin_router
from accounts.authentication import SECURITY_SCHEMES, Authentication
from accounts.cookies import ensure_csrf_cookie
from accounts.demo_password import refuse_demo_password
from accounts.resources import AUDIT_TRAIL, USERS
from accounts.routes import router as accounts_router
from backoffice.admin.site import Admin
from backoffice.api.routes import add_resource
from backoffice.database import standby
from backoffice.monitoring import health, logs, metrics
from backoffice.server.startup import OneLineRefusal, serving
from backoffice.web import openapi, problem_responses
from backoffice.web.boundary import Boundary
from backoffice.web.methods import HeadAsGet
from backoffice.web.pages import documentation
from backoffice.web.routing import FastRouting, RouteTable
from backoffice.web.unit_of_work import UnitOfWork
from crm.presales import add_presale_routes
from crm.resources import PRESALES, RESOURCES
from piccolo_conf import DB

logs.configure(DB.settings.log_level, production=DB.settings.production)

SHOWN = (*RESOURCES, USERS, AUDIT_TRAIL)
TAGS = {
    "auth": "Logging in and out, and one's own password.",
    "health": "Whether the database answers, and whether the process runs at all.",
}
DOCS_ASSETS = "/docs-assets"  # by default FastAPI makes browsers load Swagger UI from another host
LINKS = {"API documentation": "/docs", "Health": "/api/health"}


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with serving(DB, refuse_demo_password), standby.reading(DB), metrics.sampling(DB):
        yield


app = FastAPIOffline(
    docs_url=None,  # see documentation below
    static_url=DOCS_ASSETS,
    title="Flow CRM",
    version="0.1.0",
    description="The back office of a small Brazilian reseller: customers, products and pre-sales.",
    lifespan=lifespan,
    redoc_url=None,
    # FastAPI would ask three providers on every request; see /metrics
    telemetry={"tracing": False, "metrics": False, "logs": False},
)
router = APIRouter()
for resource in SHOWN:
    crud = add_resource(router, resource)
    if resource is PRESALES:
        add_presale_routes(router, crud)
docs = documentation(f"{app.title} API", static_url=DOCS_ASSETS)
for part in (health.router, metrics.router, docs, accounts_router, admin_router, router):
    app.include_router(part)
app.add_api_route("/", lambda: RedirectResponse("/admin/"), include_in_schema=False)
app.mount(
    "/admin",
    Admin(
        SHOWN,
        ensure_csrf_cookie,
        production=DB.settings.production,
        site_name=app.title,
        sidebar_links=LINKS,
    ),
)
openapi.install(app, TAGS | {resource.path: resource.description for resource in SHOWN}, SECURITY_SCHEMES)
problem_responses.install(app)
route_table = RouteTable([*router.routes, *health.router.routes])
app.add_middleware(FastRouting, table=route_table)
app.add_middleware(
    UnitOfWork,
    prefixes=("/api/", "/admin/api/", "/admin/public/"),
    no_transaction=("/api/auth/login", "/api/auth/password", "/admin/public/", "/admin/api/change-password"),
    excluded=("/api/health/",),
)
app.add_middleware(Authentication, is_lazy=route_table.is_lazy)
app.add_middleware(HeadAsGet)
app.add_middleware(Boundary, observe=metrics.observe)
app.add_middleware(OneLineRefusal)
