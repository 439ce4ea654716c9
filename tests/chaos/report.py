"""What a run was to do, and what came of it."""

from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.door import Ledger


@dataclass(frozen=True)
class Plan:
    """The same seed gives the same people and the same mishaps, though not in the same microseconds."""

    seed: int
    seconds: float
    workers: int
    clerks: int = 8
    pgbouncer: bool = False

    def __str__(self) -> str:
        way = ", through PgBouncer" if self.pgbouncer else ""
        return f"seed {self.seed}: {self.seconds:.0f} s, {self.clerks} clerks, {self.workers} worker processes{way}"


@dataclass
class Report:
    plan: Plan
    ledger: Ledger = field(default_factory=Ledger)
    did: Counter[str] = field(default_factory=Counter)
    befell: Counter[str] = field(default_factory=Counter)
    slowest_resumption_seconds: float = 0

    @property
    def differences(self) -> list[str]:
        return self.ledger.differences

    def differ(self, *differences: str) -> None:
        self.ledger.differences += differences

    def __str__(self) -> str:
        slowest = self.ledger.slowest_seconds, self.slowest_resumption_seconds
        lines = [
            f"{self.plan}",
            f"  done         {tally(self.did)}",
            f"  answers      {tally(self.ledger.answers)}",
            f"  mishaps      {tally(self.befell)}",
            "  slowest      answer {:.1f} s, resumption {:.1f} s".format(*slowest),
            f"  differences  {len(self.differences)}",
        ]
        return "\n".join([*lines, *(f"    {difference}" for difference in self.differences)])


def tally(counter: Counter[str]) -> str:
    members = ", ".join(f"{number} {name}" for name, number in sorted(counter.items()))
    return f"{counter.total()}: {members}"
