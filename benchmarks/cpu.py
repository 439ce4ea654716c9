"""CPU time of processes, as Linux counts it in /proc."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

Reading = dict[str, float]


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    ticks: int  # its own, and those of children that have ended


def _read(entry: Path) -> Process | None:
    """None for a process that has just ended."""
    try:
        text = (entry / "stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # what comes before may hold blanks
    return Process(int(entry.name), int(fields[1]), sum(map(int, fields[11:15])))


def _processes() -> list[Process]:
    """All that there are; read again when one has ended meanwhile, since its parent inherits its time."""
    while True:
        entries = {entry.name: entry for entry in Path("/proc").iterdir() if entry.name.isdecimal()}
        found = [_read(entry) for entry in entries.values()]
        if all((Path("/proc") / name).exists() for name in entries):
            return [process for process in found if process is not None]


def parent_of_postgres(backend: int) -> int | None:
    """The server's first process; None where this is no process of PostgreSQL's on this machine."""
    folder = Path("/proc", str(backend))
    process = _read(folder)
    if process is None or b"postgres" not in (folder / "cmdline").read_bytes():
        return None
    return process.parent


def _seconds(processes: list[Process], ancestor: int) -> float:
    """Of a process and all that descend from it."""
    family = {ancestor}
    while more := {process.pid for process in processes if process.parent in family} - family:
        family |= more
    return sum(process.ticks for process in processes if process.pid in family) / TICKS_PER_SECOND


@dataclass(frozen=True)
class Watched:
    """Whose CPU time counts, by name: that of whole families, and this process's own as `load`."""

    ancestors: Mapping[str, int]

    def read(self) -> Reading:
        processes = _processes()
        families = {name: _seconds(processes, pid) for name, pid in self.ancestors.items()}
        return families | {"load": time.process_time()}


def difference(after: Reading, before: Reading) -> Reading:
    return {name: after[name] - before[name] for name in before}
