"""`make run`: the whole product on this machine, the embedded database included unless one is configured."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time

from accounts.demo_password import active_users_with_demo_password
from accounts.passwords import DEMO_PASSWORD
from accounts.roles import UserRole
from accounts.tables import User
from backoffice.database.engine import Engine
from backoffice.database.failures import DATABASE_ERRORS, cause
from backoffice.monitoring import logs
from backoffice.server.processes import reserve, serve
from backoffice.server.startup import StartRefused, settle_migrations
from crm.tables import Customer, Presale, Product
from seed import demo

logger = logging.getLogger("flow_crm")


async def prepare(engine: Engine) -> list[str]:
    """Waits for the database and settles its migrations; an empty embedded one gets demo data.

    Returns the e-mails of `demo_log_ins`, none in production.
    """
    if engine.embedded and engine.settings.production:
        logger.warning("no database is configured, so the embedded one serves; its data is in %s", engine.embedded.data)

    async def settle(_: str) -> list[str]:
        await settle_migrations(engine)
        if engine.embedded and await is_empty():
            await demo.load()
        return [] if engine.settings.production else await demo_log_ins()

    try:
        return await engine.when_reachable(settle)
    except DATABASE_ERRORS as error:
        raise StartRefused(cause(error)) from error


async def is_empty() -> bool:
    return not any([await table.exists() for table in (User, Customer, Product, Presale)])


async def demo_log_ins() -> list[str]:
    """The e-mails of the demo users that this database has, and who have the demo password still."""
    return await active_users_with_demo_password(*(f"{role.value}@flowcrm.example" for role in UserRole))


def address_of(listener: socket.socket) -> str:
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"http://unix:{name}:"  # as nginx writes it
    host, port = name[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def welcome(listener: socket.socket, log_ins: list[str]) -> str:
    address = address_of(listener)
    lines = [
        "Flow CRM is ready. Ctrl-C stops it.",
        f"  admin   {address}/admin/",
        f"  API     {address}/docs",
        f"  health  {address}/api/health",
    ]
    if log_ins:
        lines += [f"  demo log-ins, password {DEMO_PASSWORD}:", *(f"    {email}" for email in log_ins)]
    return "\n".join(["", *lines, "", ""])


def say(text: str) -> None:
    """Prints the text; does nothing when standard output is closed."""
    try:
        print(text, end="", flush=True)  # noqa: T201 # unlike sys.stdout.write, it works when sys.stdout is None
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit would fail as well


def run(engine: Engine) -> None:
    settings = engine.settings
    listener = reserve(settings)
    log_ins = asyncio.run(prepare(engine))
    serve(settings, listener, lambda: say(welcome(listener, log_ins)))


def end_with(parent: int) -> None:
    """Ends a worker whose parent was killed, so that it does not keep the port."""
    while os.getppid() == parent:
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGTERM)


def refuse_arguments() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog="Settings come from the environment and .env alone.")
    parser.parse_args()


def main() -> None:
    refuse_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from piccolo_conf import DB  # reads the settings, so only after the signal handler is set

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
    gc.disable()  # see backoffice/server/processes.py
    threading.Thread(target=end_with, args=[os.getppid()], daemon=True).start()
