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
# Within backoffice: what a package may import of it beside itself.
FOUNDATIONS = {"settings", "connection_urls", "words", "problem_words", "problems", "columns"}
BENEATH = {
    "audit_trail": FOUNDATIONS,
    "database": FOUNDATIONS,
    "migrations": FOUNDATIONS | {"database"},
    "web": FOUNDATIONS | {"database"},
    "monitoring": FOUNDATIONS | {"database", "migrations", "web"},
    "server": FOUNDATIONS | {"database", "migrations", "monitoring"},
    "api": FOUNDATIONS | {"database", "web"},
    "admin": FOUNDATIONS | {"api", "web"},
}


def modules(room: str) -> list[Path]:
    return [path for path in (ROOT / room).rglob("*.py") if "piccolo_migrations" not in path.parts]


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


def test_each_package_of_backoffice_has_its_place() -> None:
    assert {path.parent.name for path in (ROOT / "backoffice").glob("*/__init__.py")} == {
        *BENEATH,
        "piccolo_migrations",
    }


@pytest.mark.parametrize("package", BENEATH)
def test_a_package_of_backoffice_imports_only_what_lies_beneath_it(package: str) -> None:
    beside = {path.stem for path in (ROOT / "backoffice").iterdir()} - BENEATH[package] - {package}
    forbidden = {f"backoffice.{name}" for name in beside}
    assert not {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(f"backoffice/{package}")
        for name in imports(path)
        if ".".join(name.split(".")[:2]) in forbidden
    }


def test_crm_knows_of_accounts_only_the_tables_and_the_roles() -> None:
    used = {name for path in modules("crm") for name in imports(path) if name.startswith("accounts.")}
    assert {".".join(name.split(".")[:2]) for name in used} <= {"accounts.tables", "accounts.roles"}


def test_the_diagram_shows_the_tables_as_they_are() -> None:
    assert (ROOT / "docs" / "er-diagram.md").read_text() == draw(), (
        "run `python -m docs.er_diagram > docs/er-diagram.md`"
    )


def test_the_tests_that_begin_first_are_there() -> None:
    assert set(LONGEST) <= {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
