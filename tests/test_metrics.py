"""What Prometheus is told: requests by route, their times, the pool, the migrations.

By whichever of several workers is asked: see test_behind_proxy.py.
"""

import asyncpg

from backoffice.migrations.files import all_migrations
from tests.support.cast import Cast
from tests.support.scraped import grown, scraped


async def test_requests_and_their_times_are_counted_by_template_and_status(cast: Cast) -> None:
    before = await scraped(cast.stranger)
    for row in ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"):
        assert (await cast.admin.get(f"/api/customers/{row}/")).status_code == 404
    assert (await cast.stranger.get("/api/customers/")).status_code == 401
    after = await scraped(cast.stranger)
    route = ("method", "GET", "route", "/api/customers/{row_id}/")
    assert grown(before, after, "http_requests_total", *route, "status", "404") == 2
    assert grown(before, after, "http_request_seconds_count", *route) == 2
    assert 0 < grown(before, after, "http_request_seconds_sum", *route) < 10
    assert grown(before, after, "http_requests_total", *route[:3], "/api/customers/", "status", "401") == 1


async def test_an_address_of_the_admin_is_told_whole(cast: Cast) -> None:
    before = await scraped(cast.stranger)
    assert (await cast.stranger.get("/admin/public/meta/")).status_code == 200
    after = await scraped(cast.stranger)
    route = ("method", "GET", "route", "/admin/public/meta/", "status", "200")
    assert grown(before, after, "http_requests_total", *route) == 1


async def test_strange_methods_and_addresses_make_no_series_of_their_own(cast: Cast) -> None:
    await cast.stranger.request("BREW", "/tea")
    names = {key for key in await scraped(cast.stranger) if key[0] == "http_requests_total"}
    assert ("http_requests_total", "method", "other", "route", "-", "status", "404") in names
    assert not any("BREW" in key or "/tea" in key for key in names)


async def test_the_pool_and_the_migrations_are_told(cast: Cast, connection: asyncpg.Connection) -> None:
    await connection.execute("DELETE FROM migration WHERE name = (SELECT max(name) FROM migration)")
    await connection.execute("CREATE TABLE stray ()")
    found = await scraped(cast.stranger)
    assert found["database_connections", "state", "max"] == 20
    assert found["database_connections", "state", "total"] >= 1
    assert found["database_up",] == 1
    assert found["database_migrations_pending",] == 1 < len(all_migrations())
    assert found["database_schema_differences",] >= 1
