"""Choices that look random and are the same on every machine, in every version of Python."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """The pseudo-random choices for one thing, for example `Dice("customer", 7)`.

    Holds 512 bits; every draw uses up log2(sides) of them.
    """

    def __init__(self, kind: str, number: int) -> None:
        self._bits = int.from_bytes(blake2b(f"{kind} {number}".encode()).digest())

    def draw(self, sides: int) -> int:
        """0 to sides - 1."""
        self._bits, drawn = divmod(self._bits, sides)
        return drawn

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.draw(len(choices))]
