"""What browsers are told about answers: where scripts may come from, and that it is HTTPS or nothing."""

import base64
import hashlib
import re

import httpx
import pytest
from fastapi import FastAPI

from backoffice.admin.page import FILES, VERSION
from tests.support.cast import Cast
from tests.support.clients import a_client

PAGES = ("/admin/", "/docs")
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}


def policy(answer: httpx.Response) -> dict[str, list[str]]:
    """Of one answer, what is allowed, by kind."""
    (header,) = answer.headers.get_list("content-security-policy")
    parts = [part.split() for part in header.split(";")]
    return {kind: sources for kind, *sources in parts}


@pytest.mark.parametrize("path", PAGES)
async def test_no_script_runs_in_a_page_but_its_own(cast: Cast, path: str) -> None:
    page = await cast.stranger.get(path)
    inline = filter(None, re.findall(r"<script[^>]*>(.*?)</script>", page.text, re.DOTALL))
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    assert digests
    allowed = policy(page)
    assert set(allowed["script-src"]) == {"'self'", *(f"'sha256-{digest}'" for digest in digests)}
    assert allowed["object-src"] == allowed["base-uri"] == allowed["frame-ancestors"] == ["'none'"]
    assert allowed["default-src"] == allowed["form-action"] == ["'self'"]


@pytest.mark.parametrize(
    "path", ["/api/customers/", "/api/auth/me/", "/api/health", "/nowhere", "/metrics", "/admin/api/x/"]
)
async def test_what_is_no_page_may_do_nothing_in_a_browser(cast: Cast, path: str) -> None:
    answer = await cast.employee.get(path)
    assert policy(answer) == {"default-src": ["'none'"], "frame-ancestors": ["'none'"]}
    assert HEADERS.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("path", ["/api/customers/", "/api/auth/me/", "/api/health", "/api/x", "/admin/api/user/"])
async def test_no_cache_keeps_what_is_ours(cast: Cast, path: str) -> None:
    assert (await cast.employee.get(path)).headers["cache-control"] == "no-store"


async def test_browsers_keep_what_is_added_to_the_admin_for_as_long_as_it_is_the_same(cast: Cast) -> None:
    page = (await cast.stranger.get("/admin/")).text
    ours = set(re.findall(r'(?:href|src)="\.(/static/[^"]+)"', page))
    assert {address.rpartition("/")[2] for address in ours} == FILES.keys()
    for address in ours:
        assert "immutable" in (await cast.stranger.get(f"/admin{address}")).headers["cache-control"]
        # While workers are replaced, one may be asked for what another's page names, and has something else.
        other = await cast.stranger.get(f"/admin{address.replace(VERSION, 'other')}")
        assert (other.status_code, "immutable" in other.headers.get("cache-control", "")) == (404, False)
    for name in ("nothing.js", "..%2fpage.py"):
        assert (await cast.stranger.get(f"/admin/static/{VERSION}/{name}")).status_code == 404


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("path", [*PAGES, "/api/health", "/api/customers/", "/nowhere"])
async def test_over_https_a_browser_is_told_to_come_back_over_https_only(path: str) -> None:
    async with a_client() as client:
        assert "strict-transport-security" not in (await client.get(path)).headers
        secure = await client.get(f"https://flowcrm.test{path}")
        assert secure.headers["strict-transport-security"] == "max-age=31536000"


async def test_even_an_unforeseen_error_says_all_that(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.monitoring.health.prober", lambda _: 1 / 0)
    async with a_client() as client:
        answer = await client.get("/api/health")
    assert answer.status_code == 500
    assert HEADERS.items() <= dict(answer.headers).items()
    assert policy(answer)["default-src"] == ["'none'"]
