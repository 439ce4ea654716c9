"""Scripts are cut where PostgreSQL would cut them, and each statement is known by what it makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.migrations.declared import in_order
from backoffice.migrations.labels import added_label, create_type, new_labels, rename_label, renamed_label, with_label
from backoffice.migrations.sql import Statement, Thing, statements

WHOLE = (
    "SELECT 1",
    "SELECT ';', 'it''s; ', \"a;b\", E'\\';'",
    "SELECT a$b$c FROM t",
    "SELECT $1, $2",
    "DO $$ BEGIN PERFORM 1; END; $$",
    "DO $outer$ SELECT $$;$$; $outer$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    "SELECT CASE WHEN true THEN 1 END",
    "BEGIN",
    "-- one; two\nSELECT 1 /* three; /* four; */ five; */",
    "SELECT 'ção – ½;'",
)


@pytest.mark.parametrize("sql", WHOLE)
def test_a_semicolon_inside_does_not_end_a_statement(sql: str) -> None:
    assert [statement.text for statement in statements(sql)] == [sql]


@given(st.lists(st.sampled_from(WHOLE)), st.sampled_from([";", ";\n\n", " ; -- the end\n", ";;"]))
def test_a_script_is_the_sum_of_its_statements(parts: list[str], between: str) -> None:
    found = statements(between.join(parts) + between)
    assert [statement.bare for statement in found] == [Statement(part).bare for part in parts]
    again = statements("\n".join(map(str, found)))
    assert [statement.bare for statement in again] == [statement.bare for statement in found]


@pytest.mark.parametrize(
    ("sql", "thing"),
    [
        ("create or replace function f(a int) returns int language sql return a", Thing("FUNCTION", "f")),
        ("CREATE CONSTRAINT TRIGGER t AFTER INSERT ON public.x EXECUTE FUNCTION f()", Thing("TRIGGER", "x.t")),
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON x (y)", Thing("INDEX", "i")),
        ("-- Why.\nCREATE TYPE e AS ENUM ('a')", Thing("TYPE", "e")),
        ("SELECT 'CREATE TYPE e'", None),
    ],
)
def test_a_statement_knows_what_it_makes(sql: str, thing: Thing | None) -> None:
    assert Statement(sql).creates == thing


@pytest.mark.parametrize(
    ("sql", "things"),
    [
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON x USING gin (y)", {"index x.i"}),
        ("DROP INDEX CONCURRENTLY IF EXISTS public.i", {"index x.i"}),
        ("ALTER TYPE e ADD VALUE IF NOT EXISTS 'i'", {"type e"}),
        ("ALTER TABLE x -- INDEX i\n VALIDATE CONSTRAINT c", {"table x", "constraint x.c"}),
        ('ALTER TABLE "x" ADD COLUMN "y" TEXT', {"table x", "column x.y"}),
        (
            "create or replace function f(a int) returns int language sql return a",
            {"function f(public.e, integer)", "privilege EXECUTE on f()"},
        ),
        ("CREATE TABLE IF NOT EXISTS x (y int)", {"table x", "column x.y", "index x.i", "constraint x.c"}),
        ("CREATE INDEX i_2 ON x (y)", set()),
        ("revoke all on function g(int, numeric(9, 2)), public.f (e, int) from public", {"privilege EXECUTE on f()"}),
        ("GRANT EXECUTE ON FUNCTION h, f TO PUBLIC", {"privilege EXECUTE on f()"}),
        ("DROP FUNCTION f", {"function f(public.e, integer)", "privilege EXECUTE on f()"}),
    ],
)
def test_a_statement_knows_what_of_a_catalog_it_names(sql: str, things: set[str]) -> None:
    catalog = ["table x", "column x.y", "index x.i", "constraint x.c", "type e", "function f(public.e, integer)"]
    catalog += ["privilege EXECUTE on f()", "privilege EXECUTE on e()"]
    assert {one for one in catalog if Statement(sql).concerns(*one.split(" ", 1))} == things


def test_remarks_and_layout_change_nothing_but_words_in_a_body_do() -> None:
    one, two = Statement("-- Old.\nSELECT   1,\n 'a  b'"), Statement("SELECT 1, /* new */ 'a  b'")
    assert one.bare == two.bare == "SELECT 1, 'a  b'"
    assert Statement("DO $$ a $$").bare != Statement("DO $$ b $$").bare


def test_functions_come_before_what_cannot_be_made_without_them() -> None:
    script = """
        CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW EXECUTE FUNCTION late();
        CREATE FUNCTION outer() RETURNS int LANGUAGE sql RETURN inner();
        CREATE FUNCTION inner() RETURNS int LANGUAGE sql RETURN 1;
        CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM outer(); END $$;
    """
    names = [statement.creates.name for statement in in_order(statements(script)) if statement.creates]
    assert names == ["late", "x.t", "inner", "outer"]


LABELS = st.lists(st.text("abcdefgh'", min_size=1, max_size=3), min_size=1, max_size=6, unique=True)


@given(LABELS, st.data())
def test_added_labels_lead_from_the_old_ones_to_the_new(after: list[str], data: st.DataObject) -> None:
    before = [label for label in after if data.draw(st.booleans())] or after[:1]
    labels = before
    for new in new_labels("mood", before, after):
        said = added_label(Statement(str(new).removesuffix(";")))
        assert said
        labels = with_label(labels, said)
        assert with_label(labels, said) == labels, "it says IF NOT EXISTS"
    assert labels == after


@given(LABELS, st.text("xyz'", min_size=1))
def test_a_renaming_says_what_was_and_what_is(labels: list[str], new: str) -> None:
    said = renamed_label(Statement(rename_label("mood", labels[0], new).removesuffix(";")))
    assert said == ("mood", labels[0], new)
    assert create_type("mood", ["ab", "a"]).relabelled("a", "c") == create_type("mood", ["ab", "c"])


def test_what_postgresql_has_read_follows_a_renaming_and_a_body_kept_as_text_does_not() -> None:
    one = Statement("CREATE TRIGGER t BEFORE UPDATE ON x WHEN (OLD.y = ANY ('{a,b}')) /* a */ EXECUTE FUNCTION a()")
    assert one.relabelled("a", "c").text == one.text.replace("{a,", "{c,")
    for body in ("$$ SELECT 'a' $$", "'a'"):
        two = Statement(f"CREATE FUNCTION f(x y DEFAULT 'a') RETURNS y LANGUAGE sql AS {body}")
        assert two.relabelled("a", "c") == two
    three = Statement("CREATE FUNCTION f() RETURNS y LANGUAGE sql RETURN 'a'")
    assert three.relabelled("a", "c").text.endswith("RETURN 'c'")
