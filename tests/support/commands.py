"""The product's commands, run as an operator runs them, and what a database holds afterwards."""

import os
import subprocess
import sys
from typing import Any

import asyncpg

from backoffice.settings import ROOT
from tests.support.forked import Forked, Said

BUSINESS_TABLES = ("users", "customers", "products", "presales", "presale_items")

Contents = dict[str, list[dict[str, Any]]]


def start(dsn: str, *module_and_arguments: str, **settings: str) -> subprocess.Popen[str]:
    """`python -m …` in the project's folder; its output can be read from the pipes."""
    command = [sys.executable, "-m", *module_and_arguments]
    environment = os.environ | {"DATABASE_URL": dsn} | settings
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def begin(dsn: str, *module_and_arguments: str, **settings: str) -> Forked:
    """The same, but begun at once."""
    return Forked(ROOT, os.environ | {"DATABASE_URL": dsn} | settings, *module_and_arguments)


def run(dsn: str, *module_and_arguments: str, **settings: str) -> str:
    """What it printed, once it ended well."""
    said = _said(dsn, *module_and_arguments, **settings)
    assert said.code == 0, said.text
    return said.output


def refusal(dsn: str, *module_and_arguments: str, **settings: str) -> str:
    """What it says when it ends badly, which it must."""
    said = _said(dsn, *module_and_arguments, **settings)
    assert said.code != 0, said.text
    return said.text


def _said(dsn: str, *module_and_arguments: str, **settings: str) -> Said:
    return begin(dsn, *module_and_arguments, **settings).end()


def piccolo(dsn: str, *arguments: str) -> str:
    return run(dsn, "piccolo.main", *arguments)


async def contents(connection: asyncpg.Connection) -> Contents:
    """Every row of the five tables, in the order of the ids."""
    return {
        table: [dict(row) for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY id")]
        for table in BUSINESS_TABLES
    }
