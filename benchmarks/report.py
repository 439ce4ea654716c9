"""What was found, as Markdown that also reads well in a terminal."""

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks.contenders import FLOW_CRM, LITESTAR, Contender
from benchmarks.load import Load
from benchmarks.work import CUSTOMERS, PRESALES, PRODUCTS

Figure = Callable[[Load], float]
Row = tuple[str, ...]


@dataclass(frozen=True)
class Results:
    """Every measurement, by work and contender; the n-th of each belongs to round n."""

    works: Sequence[str]
    contenders: Sequence[Contender]
    loads: dict[tuple[str, str], list[Load]]

    def median(self, work: str, contender: str, figure: Figure) -> float:
        return median(figure(load) for load in self.loads[work, contender])

    def ratio(self, work: str, one: str, other: str, figure: Figure) -> float:
        """The median over the rounds, whose two halves had the same weather."""
        pairs = zip(self.loads[work, one], self.loads[work, other], strict=True)
        return median(figure(mine) / max(figure(theirs), 1e-9) for mine, theirs in pairs)

    @property
    def names(self) -> list[str]:
        return [contender.name for contender in self.contenders]

    @property
    def watches_postgres(self) -> bool:
        return all("postgres" in load.cpu_seconds for loads in self.loads.values() for load in loads)


def requests_per_second(load: Load) -> float:
    return load.requests_per_second


def web_microseconds(load: Load) -> float:
    return load.cpu_microseconds("web")


def postgres_microseconds(load: Load) -> float:
    return load.cpu_microseconds("postgres")


def percentile(share: float) -> Figure:
    """Milliseconds within which this share of the answers came."""
    return lambda load: sorted(load.latencies)[int(share * (len(load.latencies) - 1))] * 1000


def table(head: Row, rows: Iterable[Row]) -> str:
    """A Markdown table, in columns."""
    lines = [head, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]

    def draw(line: Row) -> str:
        first, *others = line
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        return f"| {' | '.join(cells)} |"

    rule = f"|{'-' * (widths[0] + 2)}|{'|'.join('-' * (width + 1) + ':' for width in widths[1:])}|"
    return "\n".join([draw(lines[0]), rule, *map(draw, lines[1:])])


def _figures(results: Results, title: str, figure: Figure, form: str = ",.0f") -> str:
    rows = [
        (work, *(format(results.median(work, name, figure), form) for name in results.names)) for work in results.works
    ]
    return table((title, *results.names), rows)


def _ratios(results: Results) -> str:
    """The product beside each of the others."""
    others = [name for name in results.names if name != FLOW_CRM.name]
    cpu = LITESTAR.name in others
    head = (f"{FLOW_CRM.name}, times the requests of", *others, *(["CPU of Litestar's"] if cpu else []))
    rows = []
    for work in results.works:
        times = [f"{results.ratio(work, FLOW_CRM.name, name, requests_per_second):.2f}" for name in others]
        if cpu:
            times.append(f"{results.ratio(work, FLOW_CRM.name, LITESTAR.name, web_microseconds):.2f}")
        rows.append((work, *times))
    return table(head, rows)


def _errors(results: Results) -> str:
    found = [
        f"{name}, {work}: {errors}"
        for (work, name), loads in results.loads.items()
        if (errors := sum(load.errors for load in loads))
    ]
    return f"Errors: {'; '.join(found) or 'none'}."


def _generator(results: Results) -> str:
    shares = [load.cpu_seconds["load"] / load.seconds for loads in results.loads.values() for load in loads]
    return f"The load generator used {median(shares):.0%} of one processor (median), at most {max(shares):.0%}."


def markdown(results: Results) -> str:
    parts = [
        _figures(results, "requests per second", requests_per_second),
        _figures(results, "CPU of the web process, µs per request", web_microseconds),
    ]
    if results.watches_postgres:
        parts.append(_figures(results, "CPU of PostgreSQL, µs per request", postgres_microseconds))
    parts.append(_figures(results, "latency, ms, median", percentile(0.5), ".1f"))
    parts.append(_figures(results, "latency, ms, 99 %", percentile(0.99), ".1f"))
    if FLOW_CRM.name in results.names and len(results.names) > 1:
        parts.append(_ratios(results))
    return "\n\n".join([*parts, f"{_errors(results)} {_generator(results)}"])


def circumstances(postgres: str, contenders: Sequence[Contender], connections: int) -> str:
    """The machine, the programs and the data."""
    packages = sorted({package for contender in contenders for package in contender.packages} | {"uvicorn", "uvloop"})
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    busy = os.getloadavg()[0]
    warning = f" The machine was busy with something else: its load average was {busy:.1f}." if busy > 1 else ""
    return (
        f"{_processor()}, {os.cpu_count()} processors, {_memory_gib():.0f} GiB, {platform.system()} "
        f"{platform.release().split('-')[0]}; Python {platform.python_version()}, PostgreSQL {postgres}, {versions}. "
        f"{CUSTOMERS:,} customers, {PRODUCTS:,} products, {PRESALES:,} pre-sales; one worker each, "
        f"{connections} connections, everything on one machine.{warning}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
