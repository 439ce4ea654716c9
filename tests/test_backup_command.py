"""What `make backup` and `make restore` are given reaches the command."""

import argparse
import shlex
import subprocess
from pathlib import Path

import pytest

from backoffice.database.backup import read_arguments
from backoffice.settings import ROOT


def what_make_says(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> argparse.Namespace:
    command = ["make", "--dry-run", "--no-print-directory", *arguments]
    would_run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    _, _, said = would_run.splitlines()[-1].partition(" -m ")
    monkeypatch.setattr("sys.argv", shlex.split(said))
    return read_arguments()


@pytest.mark.parametrize(("said", "replaces"), [("1", True), ("0", False), ("no", False), ("", False)])
def test_make_replaces_what_is_there_only_when_told_so_with_1(
    monkeypatch: pytest.MonkeyPatch, said: str, *, replaces: bool
) -> None:
    given = what_make_says(monkeypatch, "restore", "FILE=flowcrm.dump", f"REPLACE={said}")
    assert vars(given) == {"action": "load", "file": Path("flowcrm.dump"), "replace": replaces}


def test_make_takes_a_file_that_looks_like_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    assert what_make_says(monkeypatch, "backup", "FILE=-x.dump").file == Path("-x.dump")
    assert what_make_says(monkeypatch, "restore", "FILE=-x.dump", "REPLACE=1").file == Path("-x.dump")
