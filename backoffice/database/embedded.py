"""PostgreSQL when none is configured: initdb, start, stop.

Processes that share a data folder share one server: one at a time creates, starts or stops it, and the last one to
leave stops it; see `sharing`.
"""

import atexit
import contextlib
import hashlib
import logging
import os
import shlex
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import psutil

from backoffice.database.programs import EmbeddedError, complaint, make_private_folder, run_program
from backoffice.database.sharing import SharedFolder

logger = logging.getLogger(__name__)

NAME = "flowcrm"
PORT = 5432  # only names the socket: nothing listens on the network
SOCKET_PATH_LIMIT = 107  # bytes, from sockaddr_un
START_SECONDS = 60
STOP_SECONDS = 30
ORPHAN_SECONDS = 15  # backends of a killed server notice its death within this time
NO_PROCESS = 2_147_483_646  # beyond every kernel's largest process id

UNFIT_FOR_PG_CTL = set('"$`\\\n')  # it hands the path to a shell, between double quotes


class EmbeddedPostgres:
    """One server in one folder; `start` and `stop` may be called by any thread, any number of times."""

    def __init__(self, folder: Path, *, options: Mapping[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "postgres18"
        self.log = self.folder / "postgres.log"
        self._options = dict(options or {})
        self._shared = SharedFolder(self.folder)
        self._guard = threading.Lock()

    def start(self) -> None:
        """Creates the database on the first call ever, starts the server unless it runs, joins its users."""
        with self._guard:
            try:
                self._check_path()
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                with self._shared.alone():
                    self._join()
                    self._ensure_running()
            except OSError as error:
                raise EmbeddedError(f"The embedded database in {self.folder} cannot be used: {error}") from error

    def stop(self) -> None:
        """Leaves the server, and stops it if no other process uses it."""
        with self._guard:
            if not self._shared.joined_by_us:
                return
            with self._shared.alone():
                if self._shared.is_last() and self._state():
                    self._stop_server()
                self._shared.leave()

    @property
    def joined(self) -> bool:
        return self._shared.joined

    @property
    def socket_folder(self) -> str:
        """Where clients find the server; another process may have chosen it."""
        lines = self._pid_lines()
        return lines[4] if len(lines) > 4 and lines[4] else str(self._chosen_socket_folder)

    def _check_path(self) -> None:
        if bad := set(str(self.folder)) & UNFIT_FOR_PG_CTL:
            raise EmbeddedError(f"The path {self.folder} contains {min(bad)}, which PostgreSQL's programs mistake.")

    def _join(self) -> None:
        if not self._shared.joined:
            self._shared.join()
            atexit.register(self.stop)

    # Life of the server

    def _ensure_running(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._create()
        deadline = time.monotonic() + START_SECONDS
        while (state := self._state()) != "ready":
            if time.monotonic() > deadline:
                raise EmbeddedError(f"The embedded database has been {state} for long, see {self.log}")
            if state:
                time.sleep(0.02)
            else:
                self._start_server()

    def _create(self) -> None:
        """Creates the database in a new folder, then renames that; the next attempt deletes an interrupted one."""
        fresh = self.data.with_name("postgres18.new")
        shutil.rmtree(fresh, ignore_errors=True)
        make_private_folder(fresh, data=self.data)
        logger.info("creating the embedded database in %s", self.folder)
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        run_program(self.data, "initdb", "-D", str(fresh), "-U", NAME, "--auth=trust", "-E", "UTF8", *locale)
        # Without exit_on_error it exits with 0 even if the statement fails.
        single = ("--single", "-c", "exit_on_error=on", "-D", str(fresh), "postgres")
        run_program(self.data, "postgres", *single, text=f"CREATE DATABASE {NAME}\n")
        fresh.rename(self.data)

    def _start_server(self) -> None:
        self._forget_dead_server()
        make_private_folder(self._chosen_socket_folder, data=self.data)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        settings = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in self._settings().items())
        arguments = ("-D", str(self.data), "-l", str(self.log), "-w", "-t", str(START_SECONDS), "-o", settings)
        deadline = time.monotonic() + ORPHAN_SECONDS
        while True:
            try:
                run_program(self.data, "pg_ctl", "start", *arguments)
            except EmbeddedError as error:
                said = complaint(self.log.read_text(errors="replace")) if self.log.exists() else ""
                reason = " ".join(said.splitlines())
                if "still in use" not in reason or time.monotonic() > deadline:
                    raise EmbeddedError(f"PostgreSQL does not start: {reason}" if reason else str(error)) from None
                time.sleep(0.1)
            else:
                logger.info("the embedded database runs, its data in %s", self.data)
                return

    def _stop_server(self) -> None:
        arguments = ("-D", str(self.data), "-w", "-t", str(STOP_SECONDS))
        try:
            run_program(self.data, "pg_ctl", "stop", "-m", "fast", *arguments)
        except EmbeddedError:
            logger.warning("the embedded database does not stop by itself, so it is ended at once")
            run_program(self.data, "pg_ctl", "stop", "-m", "immediate", *arguments)

    def _settings(self) -> dict[str, str]:
        folder = str(self._chosen_socket_folder).replace('"', '""')
        return {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": f'"{folder}"',
            "unix_socket_permissions": "0700",
            "max_connections": "300",
            "timezone": "UTC",
            # What users type stays out of the log: neither statements, nor details such as a row that exists already.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            **self._options,
        }

    # What the files say

    def _pid_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _state(self) -> str:
        """`starting`, `ready` or `stopping`; '' when no server of this folder lives."""
        lines = self._pid_lines()
        if not lines or not lines[0].strip().isdecimal() or not self._is_ours(int(lines[0])):
            return ""
        state = lines[7].strip() if len(lines) > 7 else "starting"
        return "stopping" if state == "ready" and not self._accepts() else state

    def _accepts(self) -> bool:
        """False for a server that is being killed: its file still says ready."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(f"{self.socket_folder}/.s.PGSQL.{PORT}") == 0

    def _is_ours(self, pid: int) -> bool:
        command = command_line(pid)
        return "postgres" in command and f"-D {self.data}" in command

    def _forget_dead_server(self) -> None:
        """After a crash, replaces the noted process id: another process may have it, and be taken for the server.

        The file stays, because PostgreSQL finds in it the shared memory that orphans may still use.
        """
        for folder in (self.socket_folder, self._chosen_socket_folder):
            Path(folder, f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
        noted = self.data / "postmaster.pid"
        if lines := self._pid_lines():
            noted.write_text("\n".join([str(NO_PROCESS), *lines[1:]]) + "\n")
        else:
            noted.unlink(missing_ok=True)

    # Where the socket is

    @cached_property
    def _chosen_socket_folder(self) -> Path:
        if self._fits(self.data):
            return self.data
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"{NAME}-{digest}"
        if not self._fits(short):
            raise EmbeddedError(f"The path of the temporary folder is too long for a socket: {short}")
        return short

    @staticmethod
    def _fits(folder: Path) -> bool:
        return len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT


def command_line(pid: int) -> str:
    """Program and arguments of a living process, else ''."""
    with contextlib.suppress(psutil.Error):
        return " ".join(psutil.Process(pid).cmdline())
    return ""
