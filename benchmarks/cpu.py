"""CPU time of processes, and of all that descend from them."""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

Reading = dict[str, float]


def parent_of_postgres(backend: int) -> int | None:
    """The server's first process; None where this is no process of PostgreSQL's on this machine."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(backend)
        if "postgres" in " ".join(process.cmdline()):
            return process.ppid()
    return None


def _seconds(ancestor: int) -> float:
    """Of a process and all that descend from it, ended ones included; read again when one has ended meanwhile, since
    its parent inherits its time."""
    first = psutil.Process(ancestor)
    while first.is_running():
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [first, *first.children(recursive=True)]
            return sum(sum(process.cpu_times()[:4]) for process in family)  # its own, and its ended children's
    return 0.0


@dataclass(frozen=True)
class Watched:
    """Whose CPU time counts, by name: that of whole families, and this process's own as `load`."""

    ancestors: Mapping[str, int]

    def read(self) -> Reading:
        families = {name: _seconds(pid) for name, pid in self.ancestors.items()}
        return families | {"load": time.process_time()}


def difference(after: Reading, before: Reading) -> Reading:
    return {name: after[name] - before[name] for name in before}
