"""`make run`: the whole product on this machine, the embedded database included unless one is configured."""

import asyncio
import os
import signal
import socket
import sys
import threading
import time

import asyncpg
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from backoffice import logs
from backoffice.connecting import DatabaseUnavailable
from backoffice.database import Engine
from backoffice.settings import Settings
from backoffice.startup import StartRefused, settle_migrations

GRACE_SECONDS = 10  # for requests in flight when the signal comes
WORKER_START_SECONDS = 60


async def prepare(engine: Engine) -> None:
    """A reachable, migrated database; the embedded one also gets demo data while it is empty."""
    try:
        await engine.wait_until_reachable()
        await settle_migrations(engine)
        if engine.embedded and await is_empty():
            await seed_demo()
    except (DatabaseUnavailable, asyncpg.PostgresError) as error:
        raise StartRefused(str(error)) from error


async def is_empty() -> bool:
    from accounts.tables import User
    from crm.tables import Customer, Presale, Product

    return not any([await table.exists() for table in (User, Customer, Product, Presale)])


async def seed_demo() -> None:
    from seed import demo

    await demo.load()


async def demo_log_ins() -> list[str]:
    """E-mails of the demo users that this database has."""
    from accounts.tables import User

    query = User.select(User.email).where(User.email.like("%@flowcrm.example"), User.active.eq(True))
    return [row["email"] for row in await query.order_by(User.email)]


def welcome(settings: Settings, log_ins: list[str]) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}"
    lines = [
        "Flow CRM is ready. Ctrl-C stops it.",
        f"  admin   {address}/admin/",
        f"  API     {address}/docs",
        f"  health  {address}/api/health",
    ]
    if log_ins:
        lines += ["  demo log-ins, password flowcrm-demo:", *(f"    {email}" for email in log_ins)]
    return "\n".join(["", *lines, "", ""])


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


class OneProcess(uvicorn.Server):
    """Says welcome once it serves."""

    def __init__(self, config: uvicorn.Config, text: str) -> None:
        super().__init__(config)
        self._text = text

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        say(self._text)


class SeveralProcesses(Multiprocess):
    """Says welcome once the first worker serves."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], text: str) -> None:
        super().__init__(config, sockets)
        self._text = text

    def init_processes(self) -> None:
        super().init_processes()
        if self.processes[0].wait_until_ready(WORKER_START_SECONDS, self.should_exit):
            say(self._text)


def bind(settings: Settings) -> socket.socket:
    """The address to serve on; taken before anything else starts."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or asyncio would not set TCP_NODELAY
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        reason = error.strerror or error
        raise StartRefused(f"Address {settings.host}, port {settings.port}: {reason}. See PORT.") from None
    listener.set_inheritable(True)
    return listener


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
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def serve(settings: Settings, listener: socket.socket, text: str) -> None:
    """Until a signal; raises SystemExit where the application did not start."""
    config = server_config(settings)
    if settings.web_concurrency == 1:
        OneProcess(config, text).run([listener])
        return
    processes = SeveralProcesses(config, [listener], text)
    processes.run()
    if any(process.exitcode == STARTUP_FAILURE for process in processes.processes):
        raise SystemExit(STARTUP_FAILURE)


def run(engine: Engine) -> None:
    settings = engine.settings
    listener = bind(settings)
    asyncio.run(prepare(engine))
    log_ins = [] if settings.production else asyncio.run(demo_log_ins())
    serve(settings, listener, welcome(settings, log_ins))


def end_with(parent: int) -> None:
    """Ends a worker whose parent was killed, so that it does not keep the port."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from piccolo_conf import DB

    logs.configure(DB.settings.log_level, production=DB.settings.production)
    try:
        run(DB)
    except StartRefused as refusal:
        raise SystemExit(f"Flow CRM cannot start. {refusal}") from None
    except KeyboardInterrupt:
        pass  # Ctrl-C or SIGTERM, after everything in flight was finished
    finally:
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, signal.SIG_IGN)
        if DB.embedded:
            DB.embedded.stop()


if __name__ == "__main__":
    main()
elif __name__ == "__mp_main__":
    threading.Thread(target=end_with, args=[os.getppid()], daemon=True).start()
