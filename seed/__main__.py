"""`python -m seed`: demo data, or with numbers a large data set, in the configured database."""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import AsyncExitStack

import asyncpg
from piccolo.table import Table
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from accounts.tables import User
from backoffice.database import pooler
from backoffice.database.connecting import close_quietly
from backoffice.database.engine import Engine, the_engine
from backoffice.database.failures import DATABASE_ERRORS, DatabaseUnavailable, cause
from backoffice.server.startup import StartRefused, settle_migrations
from crm.tables import Customer, Presale, Product
from seed import demo
from seed.brazil import MAX_NUMBER
from seed.large import Advance, Amounts, SeedRefused, fill

INTERRUPTED = 130  # what a shell expects after Ctrl-C
CONNECTIONS = 2  # more than there are processors is no faster; most machines have two
NO_LIMITS = {"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0"}


def amount(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MAX_NUMBER:
        raise argparse.ArgumentTypeError(f"must be between 0 and {MAX_NUMBER:,}")
    return number


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m seed",
        description="Loads demo data into the configured database. With numbers, makes sure that so many "
        "generated customers, products and pre-sales are there instead, and the users.",
    )
    for option in ("--customers", "--products", "--presales"):
        parser.add_argument(option, type=amount, metavar="N")
    return parser.parse_args()


async def load_demo(console: Console, tables: Collection[type[Table]] = demo.TABLES) -> None:
    added = await demo.load(tables)
    told = ", ".join(f"{count} {table._meta.tablename}" for table, count in added.items() if count)
    if told:
        console.print(f"Added {told}.")
    elif tables == demo.TABLES:
        console.print("The demo data is there already.")


async def load_large(engine: Engine, amounts: Amounts, console: Console) -> None:
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        connections = []
        for _ in range(CONNECTIONS):
            connections.append(await engine.connect(server_settings=NO_LIMITS))
            stack.push_async_callback(close_quietly, connections[-1])
        with showing_progress(amounts, console) as advance:
            added = await fill(connections, amounts, advance)
    told = ", ".join(f"{count:,} {table._meta.tablename}" for table, count in added.items())
    console.print(f"Added {told} in {time.monotonic() - began:.1f} s.", highlight=False)


@contextlib.contextmanager
def showing_progress(amounts: Amounts, console: Console) -> Iterator[Advance]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    wanted = {Customer: amounts.customers, Product: amounts.products, Presale: amounts.presales}
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {table: bars.add_task(table._meta.tablename, total=rows) for table, rows in wanted.items() if rows}
        yield lambda table, rows: bars.advance(tasks[table], rows)


async def seed(arguments: argparse.Namespace) -> None:
    console, engine = Console(), the_engine()
    given = {option: number for option, number in vars(arguments).items() if number is not None}
    if given:
        await engine.wait_until_reachable()
        if engine.behind_pooler:
            raise SeedRefused(pooler.refusal(engine.connector.where))
    await settle_migrations(engine)
    if given:
        await load_large(engine, Amounts(**given), console)
        await load_demo(console, [User])  # or nobody could log in
    else:
        await load_demo(console)


def main() -> None:
    arguments = read_arguments()
    try:
        asyncio.run(seed(arguments))
    except (StartRefused, SeedRefused, DatabaseUnavailable) as error:
        sys.exit(str(error))
    except asyncpg.PostgresError as error:
        sys.exit(f"The database refused: {error}")
    except DATABASE_ERRORS as error:
        sys.exit(f"The connection to the database was lost: {cause(error)}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
