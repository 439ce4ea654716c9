"""The processes that serve: one, or several behind one socket, and how each of these begins and ends.

SIGTERM and SIGINT end them, after the requests in flight. SIGHUP replaces several workers one after the other, each by
a new one that serves already; a single process it ends.
"""

import contextlib
import gc
import logging
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from backoffice.database.pool import CLOSE_POOL_SECONDS
from backoffice.server.http_connections import HTTPConnection
from backoffice.server.startup import StartRefused
from backoffice.settings import Settings

logger = logging.getLogger(__name__)

GRACE_SECONDS = 10  # for requests in flight when the signal comes
WORKER_START_SECONDS = 60
WORKER_END_SECONDS = GRACE_SECONDS + CLOSE_POOL_SECONDS + 1
FIRST_PASSED_ON = 3  # the file descriptor of the first socket that systemd passes on

Say = Callable[[], None]


class OneProcess(uvicorn.Server):
    """Calls `say` once it serves."""

    def __init__(self, config: uvicorn.Config, say: Say) -> None:
        super().__init__(config)
        self._say = say

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        signal.signal(signal.SIGHUP, self.handle_exit)  # a closed terminal, or what reloads several workers
        await super().startup(sockets)
        self._say()


class Worker(Process):
    """Has time to import what it serves before it must answer the pings that tell hung workers from others."""

    _has_answered = False

    def start(self) -> None:
        super().start()
        self._deadline = time.monotonic() + WORKER_START_SECONDS
        self.parent_conn.send(b"ping")

    def is_alive(self, timeout: float = 5) -> bool:
        if not self._has_answered and time.monotonic() < self._deadline:
            if self.parent_conn.poll():
                self._has_answered = self.parent_conn.recv() is not None
            return self.process.is_alive()
        return super().is_alive(timeout)


class SeveralProcesses(Multiprocess):
    """Calls `say` once the first worker serves."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], say: Say) -> None:
        super().__init__(config, sockets)
        self._say = say
        self.has_served = False

    def init_processes(self) -> None:
        self.processes = [self._begin() for _ in range(self.processes_num)]
        if self.processes[0].wait_until_ready(WORKER_START_SECONDS, self.should_exit):
            self.has_served = True
            self._say()

    def _begin(self) -> Worker:
        worker = Worker(self.config, self.sockets)
        worker.start()
        return worker

    @property
    def failed(self) -> bool:
        """Whether a worker exited because it cannot start."""
        return any(process.exitcode == STARTUP_FAILURE for process in self.processes)

    def keep_subprocess_alive(self) -> None:
        """Replaces workers, as uvicorn does, which however ends all of them when one cannot start. Once we have served
        we go on: databases come back."""
        for index, process in enumerate(self.processes):
            if self.should_exit.is_set() or process.is_alive(self.config.timeout_worker_healthcheck):
                continue
            process.kill()
            process.join()
            if self.failed and not self.has_served:
                self.should_exit.set()
                return
            self.processes[index] = new = self._begin()
            logger.warning("worker %s died or hung, and worker %s takes its place", process.pid, new.pid)

    def restart_all(self) -> None:
        """As uvicorn does, but a new worker has as long to start as the first ones had, and an old one that hangs is
        not waited for."""
        for index, old in enumerate(self.processes):
            new = self._begin()
            if not new.wait_until_ready(WORKER_START_SECONDS, self.should_exit):
                new.kill()
                new.join()
                logger.error("worker %s was not ready in time, so %s goes on, and the others", new.pid, old.pid)
                return
            old.terminate()
            self._end(old, WORKER_END_SECONDS)
            self.processes[index] = new

    def _end(self, process: Process, seconds: float) -> None:
        """Waits for a worker that was told to end, and kills it if it hangs."""
        process.process.join(seconds)
        if process.exitcode is None:
            logger.warning("worker %s does not end by itself, so it is killed", process.pid)
            process.kill()
        process.join()

    def terminate_all(self) -> None:
        """Closes the sockets, too: no client should wait for a worker that never comes."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def join_all(self) -> None:
        deadline = time.monotonic() + WORKER_END_SECONDS
        for process in self.processes:
            self._end(process, max(0, deadline - time.monotonic()))


def reserve(settings: Settings) -> socket.socket:
    """The socket to serve on: from systemd, if it passes one, which outlives us; else bound to the settings' address.

    :raises StartRefused: where somebody serves there already.
    """
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        return socket.socket(fileno=FIRST_PASSED_ON)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or asyncio would not set TCP_NODELAY
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with _or_refuse(settings):
        listener.bind((settings.host, settings.port))
    listener.set_inheritable(True)
    return listener


@contextlib.contextmanager
def _or_refuse(settings: Settings) -> Iterator[None]:
    """:raises StartRefused: with what the system says of the address."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise StartRefused(f"Address {settings.host}, port {settings.port}: {reason}. See HOST and PORT.") from None


def server_config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        "main:app",
        host=settings.host,
        port=settings.port,
        workers=settings.web_concurrency,
        log_level=settings.log_level.lower(),
        log_config=None,  # see logs.configure
        access_log=False,
        proxy_headers=settings.forwarded_allow_ips is not None,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        server_header=False,
        http=HTTPConnection,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


@contextlib.contextmanager
def shared_metrics() -> Iterator[None]:
    """A folder in which the workers keep what each of them counts, so that any can answer for all; see metrics.py."""
    with tempfile.TemporaryDirectory(prefix="flowcrm-metrics-") as folder:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        yield


def serve(settings: Settings, listener: socket.socket, say: Say) -> None:
    """Serves until a signal.

    :raises StartRefused: where somebody else serves at the address by now: two can reserve it, and one can listen.
    :raises SystemExit: where the application did not start.
    """
    config = server_config(settings)
    with _or_refuse(settings):
        listener.listen(config.backlog)
    if settings.web_concurrency == 1:
        gc.disable()  # until we serve: imports make no garbage, and collections take a fifth of the time
        OneProcess(config, say).run([listener])
        return
    with shared_metrics():
        processes = SeveralProcesses(config, [listener], say)
        processes.run()
    if processes.failed and not processes.has_served:
        raise SystemExit(STARTUP_FAILURE)
