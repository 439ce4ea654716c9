"""`python -m …` in a process that has imported what the project is built on: to do so anew takes most commands longer
than all that they do.

Only the standard library is imported here, so that the project comes from the folder in which the command runs.
"""

import atexit
import multiprocessing
import os
import runpy
import select
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILT_ON = ["piccolo.main", "argon2", "asyncpg", "phonenumbers", "pydantic_settings", "rich.progress", "tenacity"]

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(BUILT_ON)


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    output: str
    errors: str

    @property
    def text(self) -> str:
        return self.output + self.errors


class Forked:
    """A command under way, whose output can be read meanwhile."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], *module_and_arguments: str, terminal: str = ""
    ) -> None:
        """:param terminal: of its own, where it asks and says all."""
        self._said = tempfile.TemporaryDirectory()
        self._files = [Path(self._said.name, name) for name in ("output", "errors")]
        for file in self._files:
            file.touch()
        run, files = (_run_at, [Path(terminal)] * 2) if terminal else (_run, self._files)
        self._process = FORKS.Process(target=run, args=(folder, dict(environment), files, module_and_arguments))
        self._process.start()

    @property
    def output(self) -> str:
        return self._files[0].read_text()

    @property
    def is_running(self) -> bool:
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        assert self._process.pid
        os.kill(self._process.pid, number)

    def end(self) -> Said:
        """What it said, once it has ended."""
        self._process.join()
        output, errors = (file.read_text() for file in self._files)
        self._said.cleanup()
        assert self._process.exitcode is not None
        return Said(self._process.exitcode, output, errors)


def seen_at(terminal: int, program: Forked, *, until: str) -> str:
    """What it says there up to these words and a little more; all of it, where it ends without them."""
    seen = b""
    while until not in seen.decode(errors="replace"):
        if select.select([terminal], [], [], 0.05)[0]:
            seen += os.read(terminal, 4096)
        elif not program.is_running:
            break
    return seen.decode(errors="replace")  # the last character may not be whole


def run_module(folder: Path, environment: Mapping[str, str], *module_and_arguments: str) -> Said:
    return Forked(folder, environment, *module_and_arguments).end()


def _run_at(folder: Path, environment: dict[str, str], terminal: list[Path], arguments: tuple[str, ...]) -> None:
    os.setsid()  # what is opened now becomes its terminal
    os.dup2(os.open(terminal[0], os.O_RDWR), 0)
    sys.stdin = os.fdopen(0, closefd=False)
    _run(folder, environment, terminal, arguments)


def _run(folder: Path, environment: dict[str, str], files: list[Path], module_and_arguments: tuple[str, ...]) -> None:
    """In the new process."""
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY), number)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path = [str(folder), *(path for path in sys.path if Path(path) not in (ROOT, ROOT / "tests"))]
    sys.argv = list(module_and_arguments)
    sys.modules.pop(sys.argv[0], None)
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # which multiprocessing leaves out
