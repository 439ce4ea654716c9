"""`piccolo` in scripts: what it ends with, and where it says what."""

import pytest
from targ import CLI

from backoffice.migrations import commands
from tests.support.commands import begin


def test_what_is_no_command_is_no_success(database: str) -> None:
    said = begin(database, "piccolo.main", "backoffice", "migrat").end()
    assert (said.code, said.output) == (2, "Unrecognised command - migrat\n")
    assert said.errors == "`piccolo help` lists the commands.\n"


@pytest.mark.parametrize("words", ["", "help", "--help", "backoffice", "backoffice --help"])
def test_help_that_was_asked_for_is_a_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    piccolo = CLI()
    piccolo.register(commands.lint, group_name="backoffice")
    monkeypatch.setattr("sys.argv", ["piccolo", *words.split()])
    piccolo.run()
    assert "Look for risks in every migration" in capsys.readouterr().out
