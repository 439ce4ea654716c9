"""A folder that several processes share: who is in it, who is the last to leave, and who has it alone meanwhile."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from backoffice.database.programs import EmbeddedError

LOCK_SECONDS = 90


class SharedFolder:
    """The processes that share it each hold a shared lock on `users.lock`; `start.lock` is for one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._users: int | None = None
        self._joined_by = 0

    @property
    def joined(self) -> bool:
        return self._users is not None

    @property
    def joined_by_us(self) -> bool:
        """False also for a process forked from one that has joined: it has the same lock, and must not give it back."""
        return self.joined and self._joined_by == os.getpid()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """:raises EmbeddedError: where another process has it alone for longer than LOCK_SECONDS."""
        descriptor = _locked_file(self.folder / "start.lock", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)

    def join(self) -> None:
        self._users = _locked_file(self.folder / "users.lock", fcntl.LOCK_SH)
        self._joined_by = os.getpid()

    def is_last(self) -> bool:
        """Whether no other process shares it. Only after `join`, and alone, or another may join meanwhile."""
        assert self._users is not None
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self) -> None:
        """Only after `join`."""
        assert self._users is not None
        os.close(self._users)
        self._users = None


def _locked_file(path: Path, operation: int) -> int:
    """A file descriptor that holds the lock until it is closed; waits for it, though not for ever."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise EmbeddedError(f"Another process has been starting the database for long: {path}") from None
            time.sleep(0.02)
        else:
            return descriptor
