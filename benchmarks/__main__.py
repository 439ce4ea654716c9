"""`make bench`: the product beside peers, on the same PostgreSQL, with the same data and the same work.

Linux only: elsewhere nobody knows what processes that have ended have used.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.answers import DifferentAnswers, check_answers
from benchmarks.contenders import CONTENDERS, Contender, DidNotStart, Running, serving
from benchmarks.cpu import Watched
from benchmarks.database import Database, a_database, a_server
from benchmarks.load import Load, drive
from benchmarks.report import Results, circumstances, markdown
from benchmarks.work import WORK, Work

CONNECTIONS = 16


@dataclass(frozen=True, kw_only=True)
class Pace:
    rounds: int
    warm_up_seconds: float
    seconds: float


FULL = Pace(rounds=5, warm_up_seconds=0.15, seconds=1.0)
QUICK = Pace(rounds=1, warm_up_seconds=0.1, seconds=0.5)


@dataclass(frozen=True)
class Benchmark:
    database: Database
    pace: Pace
    running: list[Running]

    async def run(self) -> Results:
        """Everybody does each work once in every round, each time in another order."""
        loads: dict[tuple[str, str], list[Load]] = {
            (work.name, one.contender.name): [] for work in WORK for one in self.running
        }
        for turn in range(self.pace.rounds):
            first = turn % len(self.running)
            for work in WORK:
                for one in self.running[first:] + self.running[:first]:
                    loads[work.name, one.contender.name].append(await self._measure(one, work))
            say(f"Round {turn + 1} of {self.pace.rounds} is done.")
        return Results([work.name for work in WORK], [one.contender for one in self.running], loads)

    async def _measure(self, one: Running, work: Work) -> Load:
        await self._load(one, work, self.pace.warm_up_seconds)
        load = await self._load(one, work, self.pace.seconds)
        if work.writes:
            await self.database.restore()
        return load

    async def _load(self, one: Running, work: Work, seconds: float) -> Load:
        headers = one.contender.headers(self.database.token)
        ancestors = {"web": one.pid} | ({"postgres": self.database.server} if self.database.server else {})
        return await drive(
            one.port,
            [request.encode(headers) for request in work.requests(one.contender.dialect)],
            expected=work.expected,
            connections=CONNECTIONS,
            seconds=seconds,
            watched=Watched(ancestors),
        )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def bench(pace: Pace, contenders: list[Contender]) -> None:
    with a_server() as server, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        async with a_database(server) as database:
            about = circumstances(await database.version(), contenders, CONNECTIONS)
            running = [stack.enter_context(serving(one, database.dsn, folder)) for one in contenders]
            check_answers(running, database.token)
            say("Everybody gives the same answers.")
            results = await Benchmark(database, pace, running).run()
    say(f"\n{about}\n\n{markdown(results)}")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round")
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of {', '.join(names)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(names):
        parser.error(f"unknown: {', '.join(unknown)}")
    return arguments


def main() -> None:
    arguments = read_arguments()
    chosen = [one for one in CONTENDERS if not arguments.names or one.name in arguments.names]
    try:
        uvloop.run(bench(QUICK if arguments.quick else FULL, chosen))
    except (DidNotStart, DifferentAnswers) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
