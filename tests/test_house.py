"""The conventions that hold the house together."""

import ast
from pathlib import Path

import pytest

from backoffice.settings import ROOT
from docs.er_diagram import draw
from tests.support.collection import LONGEST

ROOMS = ("backoffice", "accounts", "crm", "seed")
MAY_IMPORT = {
    "backoffice": set[str](),
    "accounts": {"backoffice"},
    "crm": {"accounts", "backoffice"},
    "seed": {"accounts", "crm", "backoffice"},
}
# Within backoffice: what a module or a package may import of it beside itself.
FOUNDATIONS = {"settings", "connection_urls", "words", "problem_words", "problems", "columns", "background", "sigterm"}
BENEATH = {
    "__init__": set[str](),
    "background": set[str](),
    "columns": set[str](),
    "connection_urls": set[str](),
    "settings": {"connection_urls"},
    "sigterm": set[str](),
    "words": set[str](),
    "problem_words": {"words"},
    "problems": {"problem_words", "words"},
    "audit_trail": FOUNDATIONS,
    "database": FOUNDATIONS,
    "migrations": FOUNDATIONS | {"database"},
    "web": FOUNDATIONS | {"database"},
    "monitoring": FOUNDATIONS | {"database", "migrations", "web"},
    "server": FOUNDATIONS | {"database", "migrations", "monitoring"},
    "api": FOUNDATIONS | {"database", "web"},
    "admin": FOUNDATIONS | {"api", "database", "web"},
    "command_line": {"migrations"},
    "fixtures": {"audit_trail", "problems"},
    "grants": {"audit_trail", "database", "migrations"},
    "piccolo_app": {"audit_trail", "command_line", "fixtures", "grants", "migrations"},
}


def modules(room: str) -> list[Path]:
    """Those of a folder, or the one of this name."""
    folder = ROOT / room
    if not folder.is_dir():
        return [folder.with_suffix(".py")]
    return [path for path in folder.rglob("*.py") if "piccolo_migrations" not in path.parts]


def imports(path: Path) -> set[str]:
    """The full names of what a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_lies_beneath_it(room: str) -> None:
    forbidden = {*ROOMS, "main", "run"} - {room} - MAY_IMPORT[room]
    found = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(room)
        for name in imports(path)
        if name.split(".")[0] in forbidden
    }
    assert not found


def test_each_part_of_backoffice_has_its_place() -> None:
    room = ROOT / "backoffice"
    packages = {path.parent.name for path in room.glob("*/__init__.py")} - {"piccolo_migrations"}
    assert packages | {path.stem for path in room.glob("*.py")} == set(BENEATH)


@pytest.mark.parametrize("part", BENEATH)
def test_a_part_of_backoffice_imports_only_what_lies_beneath_it(part: str) -> None:
    beside = {path.stem for path in (ROOT / "backoffice").iterdir()} - BENEATH[part] - {part}
    forbidden = {f"backoffice.{name}" for name in beside}
    assert not {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(f"backoffice/{part}")
        for name in imports(path)
        if ".".join(name.split(".")[:2]) in forbidden
    }


@pytest.mark.parametrize("room", [*ROOMS, "benchmarks"])
def test_each_package_says_where_to_find_what(room: str) -> None:
    packages = [path for path in modules(room) if path.name == "__init__.py" and "peers" not in path.parts]
    untold = {
        f"{package.relative_to(ROOT)} does not mention {name}"
        for package in packages
        for name in names_in(package.parent)
        if f"`{name}`" not in package.read_text()
    }
    assert not untold


def names_in(package: Path) -> set[str]:
    """The modules and packages in it, without those that Python or Piccolo looks for by itself."""
    inner = {path.parent.name for path in package.glob("*/__init__.py")}
    return (inner | {path.stem for path in package.glob("*.py")}) - {"__init__", "__main__", "piccolo_migrations"}


def test_crm_knows_of_accounts_only_the_tables_and_the_roles() -> None:
    used = {name for path in modules("crm") for name in imports(path) if name.startswith("accounts.")}
    assert {".".join(name.split(".")[:2]) for name in used} <= {"accounts.tables", "accounts.roles"}


def test_the_diagram_shows_the_tables_as_they_are() -> None:
    assert (ROOT / "docs" / "er-diagram.md").read_text() == draw(), (
        "run `python -m docs.er_diagram > docs/er-diagram.md`"
    )


def test_the_tests_that_begin_first_are_there() -> None:
    assert set(LONGEST) <= {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
