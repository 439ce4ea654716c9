"""On 40,000 rows of each table, every page, exact filter and search of the product answers from an index."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import combinations, starmap
from urllib.parse import urlencode

import asyncpg
import pytest

from backoffice.admin.codes import name_statement
from backoffice.api import totals
from backoffice.api.cursors import cursor_sql, sorted_by
from backoffice.api.list_queries import large_page_statement, page_statement, planned_anew
from backoffice.api.lists import Rows
from backoffice.api.query import Parameters
from backoffice.api.resource import Resource
from backoffice.api.selects import Statement, select_list
from backoffice.api.totals import UNKNOWN
from crm.resources import CUSTOMERS, PRESALES, PRODUCTS
from tests.support.databases import clone
from tests.support.large_tables import (
    ALL,
    COMBINED,
    FEW,
    FEW_FIRST,
    FILTERED,
    NEARBY,
    ORDERED,
    PARTS,
    PLANNED_ANEW,
    ROWS,
    SEARCHES,
    exactly,
    fill,
    page,
    rows_of,
)
from tests.support.plans import Watched, generic_plan_of, plan_of, rows_read, rows_thrown_away, scans

pytestmark = pytest.mark.timeout(900)  # until there are that many rows, on a busy machine

GENERIC_PLANS_SINCE = 16  # version of PostgreSQL


@pytest.fixture(scope="module")
async def large(server: str, steward: asyncpg.Connection, template: str) -> AsyncIterator[asyncpg.Connection]:
    async with clone(server, steward, template) as dsn:
        connection = await asyncpg.connect(dsn)
        await fill(connection)
        yield connection
        await connection.close()


@pytest.fixture(autouse=True)
def as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many rows are counted up to a bound."""
    monkeypatch.setattr(totals, "LARGE_ROWS", ROWS // 2)


@pytest.mark.parametrize(("resource", "name"), ORDERED)
async def test_a_page_in_the_order_of_any_column(large: asyncpg.Connection, resource: Resource, name: str) -> None:
    for order in name, f"-{name}":
        assert await scans(large, rows_of(resource, page(resource, __order=order))) == []


@pytest.mark.parametrize("name", ["total", "number", "created_at"])
async def test_a_page_is_in_the_order_of_the_values_not_of_their_letters(large: asyncpg.Connection, name: str) -> None:
    sql, arguments = rows_of(PRESALES, page(PRESALES, __order=f"-{name}", limit="1"))
    _, _, body = (await large.fetchval(sql, *arguments)).partition("\n")
    sql = f"SELECT * FROM presales AS p ORDER BY p.{name} DESC, p.id DESC OFFSET 50 LIMIT 1"
    sql = f"SELECT json_agg(row)::text FROM (SELECT {select_list(PRESALES.table)} FROM ({sql}) AS presales) AS row"
    assert json.loads(body)["rows"] == json.loads(await large.fetchval(sql))


@pytest.mark.parametrize("resource", ALL, ids=lambda resource: resource.path)
async def test_a_page_in_the_order_that_nobody_asked_for(large: asyncpg.Connection, resource: Resource) -> None:
    assert await scans(large, rows_of(resource, page(resource))) == []


@pytest.mark.parametrize(("resource", "name"), FILTERED)
async def test_a_page_and_its_total_filtered_by_any_exact_value(
    large: asyncpg.Connection, resource: Resource, name: str
) -> None:
    value = await large.fetchval(
        f"SELECT to_json({name}) FROM {resource.tablename} WHERE {name} IS NOT NULL ORDER BY id OFFSET 77 LIMIT 1"
    )
    value = "false" if name == "active" else value.strip('"')
    filtered = page(resource, **{name: value, **exactly(resource, name)})
    assert await scans(large, rows_of(resource, filtered)) == []


@pytest.mark.parametrize(("resource", "name"), FILTERED)
async def test_what_hardly_any_row_has_is_not_looked_for_in_each_of_them(
    large: asyncpg.Connection, resource: Resource, name: str
) -> None:
    reader = Watched(large)
    [(least, most)] = await large.fetch(
        f"SELECT (array_agg(v ORDER BY v))[1], (array_agg(v ORDER BY v DESC))[1] FROM "
        f"(SELECT {name} AS v FROM {resource.tablename} WHERE {name} IS NOT NULL) AS t"
    )
    for operator, value in [("lt", least), ("gt", most), ("is_null", None)]:
        asked = {f"{name}__operator": operator} | (
            {} if value is None else {name: json.dumps(value, default=str).strip('"')}
        )
        filtered = page(resource, **asked)
        await Rows(resource.table, filtered.order).body(reader, filtered, reader.fetch_value)
        assert await scans(large, reader.last) == []
        assert await rows_thrown_away(large, reader.last) < FEW


@pytest.mark.parametrize(("resource", "name"), PARTS)
@pytest.mark.parametrize("match", ["contains", "starts", "ends", "exact"])
async def test_a_page_and_its_total_filtered_by_any_part_of_a_text(
    large: asyncpg.Connection, resource: Resource, name: str, match: str
) -> None:
    for value in "p7771", "78901", "rara":
        filtered = page(resource, **{name: value, f"{name}__match": match})
        assert await scans(large, rows_of(resource, filtered)) == []
        assert await rows_thrown_away(large, rows_of(resource, filtered)) < FEW


@pytest.mark.parametrize("asked", [{"email": "example"}, {"email": ".com", "email__match": "ends"}], ids=str)
async def test_what_nearly_every_row_has_is_not_looked_for_in_each_of_them(
    large: asyncpg.Connection, asked: dict[str, str]
) -> None:
    """Not even where the rows are put in an order that no index has: to find the fragments of a text takes 40 µs."""
    asked_for = page(CUSTOMERS, **asked, __order="address")
    assert await scans(large, rows_of(CUSTOMERS, asked_for)) == []


@pytest.mark.parametrize("resource", ALL, ids=lambda resource: resource.path)
@pytest.mark.parametrize("sign", ["", "-"])
async def test_a_page_by_cursor_begins_where_it_should(
    large: asyncpg.Connection, resource: Resource, sign: str
) -> None:
    for name in resource.ordered:
        order = page(resource, __order=sign + name).order
        halfway = f"SELECT * FROM {resource.tablename} ORDER BY {sorted_by(order)} LIMIT 1 OFFSET {ROWS // 2}"
        cursor = await large.fetchval(f"SELECT {cursor_sql(order)} FROM ({halfway}) AS {resource.tablename}")
        deep = page(resource, __order=sign + name, cursor=cursor)
        assert await scans(large, rows_of(resource, deep)) == []
        assert await rows_thrown_away(large, rows_of(resource, deep)) < FEW, name


@pytest.mark.parametrize("order", ["-created_at,name", "-name,email"])
async def test_a_page_by_cursor_in_an_order_both_ways_begins_where_it_should(
    large: asyncpg.Connection, order: str
) -> None:
    keys = page(CUSTOMERS, __order=order).order
    halfway = f"SELECT * FROM customers ORDER BY {sorted_by(keys)} LIMIT 1 OFFSET {ROWS // 2}"
    cursor = await large.fetchval(f"SELECT {cursor_sql(keys)} FROM ({halfway}) AS customers")
    deep = page(CUSTOMERS, __order=order, cursor=cursor)
    assert await rows_thrown_away(large, rows_of(CUSTOMERS, deep)) < FEW


@pytest.mark.parametrize(("resource", "typed"), SEARCHES, ids=lambda value: getattr(value, "path", value))
async def test_a_search_looks_at_nothing_in_vain(large: asyncpg.Connection, resource: Resource, typed: str) -> None:
    found = page(resource, search=typed)
    assert await scans(large, rows_of(resource, found)) == []
    assert await rows_thrown_away(large, rows_of(resource, found)) < FEW


@pytest.mark.parametrize(("resource", "typed"), SEARCHES, ids=lambda value: getattr(value, "path", value))
async def test_a_search_that_is_planned_once_for_all_words(
    large: asyncpg.Connection, resource: Resource, typed: str
) -> None:
    if large.get_server_version().major < GENERIC_PLANS_SINCE:
        pytest.skip("this server does not show generic plans")
    found = page(resource, search=typed)
    plan = await generic_plan_of(large, rows_of(resource, found))
    assert [node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"] == []


@pytest.mark.parametrize(("resource", "asked"), NEARBY, ids=lambda value: getattr(value, "path", str(value)))
@pytest.mark.parametrize(
    "window", [{"offset": "0"}, {"limit": "7"}, {"offset": f"{ROWS * 9 // 10}"}, {"cursor": ""}], ids=str
)
async def test_looking_nearby_first_finds_the_same_rows(
    large: asyncpg.Connection, resource: Resource, asked: dict[str, str], window: dict[str, str]
) -> None:
    for _ in range(3):  # pages, where there is a cursor
        asked_for = page(resource, **asked, **window)
        both = [large_page_statement(resource.table, replace(asked_for, scan_limit=rows)) for rows in (0, 4096)]
        answers = [await large.fetchval(sql, *arguments) for sql, arguments in both]
        (exact, _, found), (counted, _, nearby) = (answer.partition("\n") for answer in answers)
        assert nearby == found
        assert counted in (exact, f"{len(json.loads(found)['rows'])} ")
        if not (cursor := json.loads(found).get("next_cursor")):
            return
        window = {"cursor": cursor}


@pytest.mark.parametrize(
    ("resource", "asked"),
    [(CUSTOMERS, {"search": "ana"}), (CUSTOMERS, {"name": "ana"}), (PRESALES, {"search": "souza"})],
    ids=["words", "fragments", "words of another table"],
)
async def test_a_page_that_is_full_nearby_costs_no_more_than_that(
    large: asyncpg.Connection, resource: Resource, asked: dict[str, str]
) -> None:
    """Whatever meets the condition in the whole table, no more rows are read than it takes to fill the page."""
    asked_for = replace(page(resource, **asked), scan_limit=4096)
    read = await rows_read(large, large_page_statement(resource.table, asked_for))
    assert 75 < read < 2000


@pytest.mark.parametrize(("resource", "asked"), PLANNED_ANEW, ids=lambda value: getattr(value, "path", str(value)))
@pytest.mark.parametrize("is_large", [False, True])
async def test_a_filter_is_planned_for_its_values_however_often_it_is_asked(
    large: asyncpg.Connection, resource: Resource, asked: dict[str, str], is_large: bool
) -> None:
    asked_for = page(resource, **asked)
    statement = (
        large_page_statement(resource.table, asked_for)
        if is_large
        else page_statement(resource.table, asked_for, UNKNOWN)
    )
    once, (sql, arguments) = await large.fetchval(statement[0], *statement[1]), planned_anew(statement)
    prepared = await large.prepare(sql)
    for _ in range(12):
        again = await prepared.fetchval(*arguments)
        assert again.partition("\n")[2] == once.partition("\n")[2]
    counts = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1"
    [plans] = await large.fetch(counts, sql)
    assert tuple(plans) == (0, 12)


async def test_a_filter_by_what_many_have_reads_no_more_than_a_page_and_its_bounded_total(
    large: asyncpg.Connection,
) -> None:
    statement = planned_anew(large_page_statement(PRESALES.table, page(PRESALES, discount="0")))
    assert await rows_read(large, statement) < 25_000


@pytest.mark.parametrize(("resource", "asked"), FEW_FIRST, ids=lambda value: getattr(value, "path", str(value)))
@pytest.mark.parametrize("window", [{"offset": "0"}, {"offset": "270", "limit": "30"}, {"cursor": ""}], ids=str)
async def test_finding_few_first_finds_the_same_rows(
    large: asyncpg.Connection, resource: Resource, asked: dict[str, str], window: dict[str, str]
) -> None:
    async def told(statement: Statement) -> tuple[str, str]:
        """The total and the rows, without the moment."""
        head, _, body = (await large.fetchval(statement[0], *statement[1])).partition("\n")
        return head.partition(" ")[0], body

    for _ in range(3):  # pages, where there is a cursor
        walking, finding = [replace(page(resource, **asked, **window), expects_few=few) for few in (False, True)]
        assert await told(rows_of(resource, finding)) == await told(rows_of(resource, walking))
        found = await told(page_statement(resource.table, finding, UNKNOWN))
        assert found == await told(page_statement(resource.table, walking, UNKNOWN))
        if not (cursor := json.loads(found[1]).get("next_cursor")):
            return
        window = {"cursor": cursor}


@pytest.mark.parametrize("order", ["name", "-name"])
async def test_what_begins_alike_stands_together_in_the_alphabet(large: asyncpg.Connection, order: str) -> None:
    reader = Watched(large)
    asked_for = page(CUSTOMERS, name="silva", name__match="starts", __order=order, offset="0")
    answer = json.loads(await Rows(CUSTOMERS.table, asked_for.order).body(reader, asked_for, reader.fetch_value))
    assert {row["name"].split()[0] for row in answer["rows"]} == {"Silva"}
    assert await rows_read(large, reader.last) < FEW


@pytest.mark.parametrize("value", ["", "a"])
@pytest.mark.parametrize("order", ["name", "-created_at,name", "name,phone"])
async def test_the_many_that_begin_with_one_letter_are_not_all_found(
    large: asyncpg.Connection, value: str, order: str
) -> None:
    reader, asked_for = Watched(large), page(CUSTOMERS, name=value, name__match="starts", __order=order)
    await Rows(CUSTOMERS.table, asked_for.order).body(reader, asked_for, reader.fetch_value)
    plan = await plan_of(large, reader.last, ", ANALYZE, TIMING OFF")
    sorts = [node for node in plan if "Sort" in node["Node Type"]]
    assert sum(child["Actual Rows"] * child["Actual Loops"] for node in sorts for child in node["Plans"]) < 5_000


async def test_what_comes_late_among_neighbours_that_are_alike_is_walked_to(large: asyncpg.Connection) -> None:
    """Of those called Ana Ana, the ones whose third name is Souza are last; yet there are many."""
    reader, asked_for = Watched(large), Parameters(CUSTOMERS, b"search=souza&limit=15").names()
    assert len(json.loads(await Rows(CUSTOMERS.table, asked_for.order).names(reader, asked_for))) == 15
    read = await rows_read(large, reader.last)
    assert ROWS * 0.015 < read < ROWS * 0.05


async def test_a_word_that_many_products_share_is_met_in_the_order_of_their_codes(large: asyncpg.Connection) -> None:
    reader, asked_for = Watched(large), Parameters(PRODUCTS, b"search=cafe&limit=15").names()
    assert len(json.loads(await Rows(PRODUCTS.table, asked_for.order).names(reader, asked_for))) == 15
    assert await rows_read(large, reader.last) < FEW


@pytest.mark.parametrize(("resource", "asked"), COMBINED, ids=lambda value: getattr(value, "path", str(value)))
async def test_of_several_conditions_the_ones_that_are_found_lead_and_the_others_are_checked_cheaply(
    large: asyncpg.Connection, resource: Resource, asked: dict[str, str]
) -> None:
    reader, asked_for = Watched(large), page(resource, **asked)
    await Rows(resource.table, asked_for.order).body(reader, asked_for, reader.fetch_value)
    plan = await plan_of(large, reader.last)
    tested = [node["Filter"] for node in plan if "Filter" in node]
    assert not [test for test in tested if "search_beginnings(" in test or "fragments(" in test]


@pytest.mark.parametrize(("resource", "asked"), COMBINED, ids=lambda value: getattr(value, "path", str(value)))
async def test_whichever_condition_leads_the_same_rows_are_found(
    large: asyncpg.Connection, resource: Resource, asked: dict[str, str]
) -> None:
    asked_for = page(resource, **asked, offset="0")
    assert asked_for.where
    answers = set()
    places = range(len(asked_for.where.parts))
    for where in (
        asked_for.where,
        *starmap(asked_for.where.led_by, [*combinations(places, 1), *combinations(places, 2)]),
    ):
        sql, arguments = large_page_statement(resource.table, replace(asked_for, where=where))
        answers.add(await large.fetchval(sql, *arguments))
    assert len(answers) == 1
    assert json.loads(answers.pop().partition("\n")[2])["rows"]


@pytest.mark.parametrize(
    ("order", "is_walked"), [("created_at,name", True), ("created_at,-name", True), ("name,-id", False)]
)
async def test_where_nearly_all_match_the_list_is_walked_if_few_of_its_rows_stand_side_by_side(
    large: asyncpg.Connection, order: str, is_walked: bool
) -> None:
    reader, asked_for = Watched(large), page(CUSTOMERS, phone="+55", phone__match="starts", __order=order)
    await Rows(CUSTOMERS.table, asked_for.order).body(reader, asked_for, reader.fetch_value)
    read = await rows_read(large, reader.last)
    assert (read < 5_000) == is_walked


@pytest.mark.parametrize(("resource", "typed"), [(PRODUCTS, "p777"), (PRODUCTS, "cafe"), (PRESALES, "#777")])
async def test_the_row_whose_whole_code_was_typed_is_found_at_once(
    large: asyncpg.Connection, resource: Resource, typed: str
) -> None:
    statement = name_statement(
        resource.table, Parameters(resource, urlencode({"search": typed}).encode()).names(), typed
    )
    assert statement
    sql, arguments = statement
    assert len(json.loads(await large.fetchval(sql, *arguments))) == (typed != "cafe")
    assert await scans(large, statement) == []
    assert await rows_thrown_away(large, statement) < 10
    if large.get_server_version().major >= GENERIC_PLANS_SINCE:
        plan = await generic_plan_of(large, statement)
        assert [node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"] == []


@pytest.mark.parametrize("largest_counted", [ROWS * 2, ROWS // 2])
async def test_a_filter_by_what_nobody_has_does_not_walk_through_the_list(
    large: asyncpg.Connection, largest_counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each name there are so many that PostgreSQL hopes to meet a page of this one soon."""
    monkeypatch.setattr(totals, "LARGE_ROWS", largest_counted)
    reader, asked_for = Watched(large), page(CUSTOMERS, name="Ana Nobody", name__match="exact", offset="0", limit="5")
    walking = planned_anew(page_statement(CUSTOMERS.table, asked_for, UNKNOWN))
    assert await rows_thrown_away(large, walking) == ROWS
    answer = await Rows(CUSTOMERS.table, asked_for.order).body(reader, asked_for, reader.fetch_value)
    assert json.loads(answer)["rows"] == []
    assert await rows_thrown_away(large, reader.last) == 0


async def test_every_foreign_key_has_an_index(large: asyncpg.Connection) -> None:
    without = await large.fetch(
        "SELECT conrelid::regclass || ' ' || conname FROM pg_constraint AS c WHERE contype = 'f' AND NOT EXISTS "
        "(SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1])"
    )
    assert without == []
