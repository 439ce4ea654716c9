"""`make chaos`: a shop on a PostgreSQL of its own, which is shaken until the time is over."""

import argparse
import asyncio
import logging
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.play import play
from tests.chaos.report import Plan

MAX_SECONDS = 240  # leaves a minute of five for the beginning, the last mishap and the end


def read_plan() -> Plan:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help=f"of mishaps, at most {MAX_SECONDS} (120)")
    parser.add_argument("--seed", type=int, help="of an earlier run, to repeat it; random unless given")
    parser.add_argument("--workers", type=int, default=2, help="processes that serve (2)")
    parser.add_argument("--clerks", type=int, default=8, help="people who work at the same time (8)")
    parser.add_argument("--pgbouncer", action="store_true", help="put PgBouncer before the database")
    given = parser.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    return Plan(seed, min(given.seconds, MAX_SECONDS), given.workers, given.clerks, given.pgbouncer)


def main() -> int:
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("chaos").setLevel(logging.INFO)
    plan = read_plan()
    folder = Path(tempfile.mkdtemp(prefix="flowcrm-chaos-"))
    logging.getLogger("chaos").info(
        "%s; the application's log is in %s, and stays where something differs", plan, folder
    )
    report = asyncio.run(play(plan, folder))
    sys.stdout.write(f"{report}\n")
    if report.differences:
        return 1
    shutil.rmtree(folder)  # which may be in memory
    return 0


if __name__ == "__main__":
    sys.exit(main())
