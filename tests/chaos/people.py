"""Who works in the shop: somebody who does one random thing after the other."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal
from random import Random

from tests.chaos.door import Difference, Door
from tests.chaos.shop import Shop

Act = Callable[[], Awaitable[None]]


class Person:
    def __init__(self, shop: Shop, door: Door, random: Random) -> None:
        self.shop, self.door, self.random = shop, door, random
        self.did: Counter[str] = Counter()

    async def work(self, over: asyncio.Event) -> None:
        """Until it is over; what was begun is finished."""
        while not over.is_set():
            act = self.choose()
            try:
                await act()
            except AssertionError as difference:
                raise Difference(f"{act.__name__}: {difference}") from difference
            self.did[act.__name__] += 1
            await asyncio.sleep(self.random.uniform(0, 0.05))

    def choose(self) -> Act:
        chances = self.chances()
        return self.random.choices(list(chances), list(chances.values()))[0]

    def chances(self) -> dict[Act, int]:
        """What can be done now, and how likely."""
        raise NotImplementedError

    def expect(self, true: bool, otherwise: str) -> None:
        self.door.expect(true, otherwise)

    def amount(self, most: int, *, places: int = 2) -> Decimal:
        return Decimal(self.random.randint(0, most * 10**places)).scaleb(-places)
