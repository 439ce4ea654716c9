"""`piccolo` in scripts: what it ends with, and where it says what."""

from pathlib import Path

import pytest
from targ import CLI

from backoffice.migrations import commands
from tests.support.commands import begin


@pytest.mark.parametrize("words", ["backoffice migrat", "backoffice migrat --help"])
def test_what_is_no_command_is_no_success(database: str, words: str) -> None:
    said = begin(database, "piccolo.main", *words.split()).end()
    assert (said.code, said.output) == (2, "Unrecognised command - migrat\n")
    assert said.errors == "`piccolo help` lists the commands.\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("fixtures dump", "Cannot connect to PostgreSQL at 127.0.0.1:1: connection refused"),
        ("fixtures load nowhere.json", "nowhere.json: No such file or directory"),
        ("fixtures load pyproject.toml", "Expecting value: line 1 column 2 (char 1)"),
    ],
)
def test_why_a_command_of_piccolos_failed_is_told_in_one_line_apart_from_its_answer(words: str, why: str) -> None:
    said = begin("postgresql://flow@127.0.0.1:1/flowcrm", "piccolo.main", *words.split()).end()
    assert (said.code, said.output, said.errors) == (1, "", f"{why}\n")


@pytest.mark.parametrize("words", ["", "help", "--help", "backoffice", "backoffice --help"])
def test_help_that_was_asked_for_is_a_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    piccolo = CLI()
    piccolo.register(commands.lint, group_name="backoffice")
    monkeypatch.setattr("sys.argv", ["piccolo", *words.split()])
    piccolo.run()
    said = capsys.readouterr().out
    assert "Look for risks in every migration" in said
    assert "Unrecognised" not in said


@pytest.mark.parametrize("words", ["", "help", "migrations", "fixtures load --help"])
def test_help_needs_no_database(tmp_path: Path, words: str) -> None:
    said = begin("", "piccolo.main", *words.split(), FLOW_DATA_DIR=str(tmp_path / "data")).end()
    assert (said.code, said.errors) == (0, "")
    assert list(tmp_path.iterdir()) == []
