"""What a clerk does to one pre-sale: a wish, what must come of it, and how it is found out what did."""

import asyncio
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from tests.chaos.door import Door, refusal_of
from tests.chaos.shop import Line, Presale, Shop

PRESALES = "/api/presales/"


@dataclass(frozen=True)
class Wish:
    """A request, and what must come of it: the code of a refusal, or the pre-sale afterwards (None: deleted)."""

    method: str
    path: str
    body: Any
    after: Presale | None
    refusal: str | None = None
    role: str = "manager"
    if_match: str | None = None

    @property
    def converts(self) -> bool:
        return self.refusal is None and self.after is not None and self.after.status == "converted"

    async def send(self, door: Door) -> httpx.Response | None:
        headers = {"If_Match": self.if_match} if self.if_match else {}
        return await door.ask(self.method, self.path, self.body, role=self.role, **headers)


def line_as_sent(line: Line) -> dict[str, Any]:
    sent = {"product_id": line.product, "quantity": str(line.quantity), "discount": str(line.discount)}
    return sent if line.unit_price is None else sent | {"unit_price": str(line.unit_price)}


def presale_as_sent(presale: Presale) -> dict[str, Any]:
    lines = [line_as_sent(line) for line in presale.lines]
    return {
        "customer_id": presale.customer,
        "discount": str(presale.discount),
        "notes": presale.notes,
        "items": lines,
    }


def line_as_shown(row: dict[str, Any]) -> Line:
    amounts = (Decimal(row["quantity"]), Decimal(row["unit_price"]), Decimal(row["discount"]))
    return Line(str(row["product_id"]), *amounts, id=str(row["id"]))


def presale_as_shown(row: dict[str, Any]) -> Presale:
    """:raises AssertionError: when an amount is not what the others make it."""
    lines = tuple(map(line_as_shown, row["items"]))
    presale = Presale(
        str(row["customer_id"]), Decimal(row["discount"]), row["notes"], lines, row["status"], str(row["id"])
    )
    assert [Decimal(line["total_price"]) for line in row["items"]] == [line.total for line in lines], row
    assert Decimal(row["total"]) == presale.total, row
    return presale


class Desk:
    """Carries out wishes one at a time, and notes in the model what became of each."""

    def __init__(self, shop: Shop, door: Door) -> None:
        self.shop, self.door = shop, door

    async def carry_out(self, before: Presale, wish: Wish) -> None:
        """Sends the wish, again if need be, until it is known what became of it."""
        begun, arrived = time.monotonic(), self.shop.arrivals()
        if wish.converts:
            self.shop.converting.append(before)
        try:
            answer = await wish.send(self.door)
            while answer is None:
                seen = await self.look_closely(before)
                if wish.refusal is None and self.matches(seen, wish.after, since=begun):
                    return self.note(before, seen)
                self.expect(self.matches(seen, before, since=begun), f"{wish} left {seen}")
                await self.door.pause()
                answer = await wish.send(self.door)
        finally:
            if wish.converts:
                self.shop.converting.remove(before)
        if refusal_of(answer) == "insufficient_stock" and wish.converts:
            self.expect(self.shop.may_lack(before, arrived), f"{wish} was refused though there was enough")
            return None
        self.expect(refusal_of(answer) == wish.refusal, f"{wish} got {answer.status_code} {answer.text}")
        if wish.refusal is None:
            await self.note_answer(before, wish, answer, since=begun)
        return None

    async def race(self, before: Presale, wishes: list[Wish]) -> None:
        """Sends wishes that exclude each other at once: the one that is granted is what there is."""
        self.shop.converting.append(before)
        arrived = self.shop.arrivals()
        answers = await asyncio.gather(*[wish.send(self.door) for wish in wishes])
        seen = await self.look_closely(before)
        self.shop.converting.remove(before)
        granted = [wish.after for wish, answer in zip(wishes, answers, strict=True) if answer and answer.is_success]
        unanswered = [wish.after for wish, answer in zip(wishes, answers, strict=True) if answer is None]
        self.expect(len(granted) <= 1, f"granted together: {granted}")
        self.expect(seen in (granted or [*unanswered, before]), f"{wishes} left {seen}")
        refusals = {refusal_of(answer) for answer in answers if answer and not answer.is_success}
        self.expect(refusals <= {"invalid_transition", "stale", "insufficient_stock"}, f"{wishes} got {refusals}")
        if "insufficient_stock" in refusals:
            self.expect(self.shop.may_lack(before, arrived), f"{wishes}: refused though there was enough")
        elif not unanswered:
            self.expect(bool(granted), f"{wishes}: nobody won")
        self.note(before, seen)

    async def note_answer(self, before: Presale, wish: Wish, answer: httpx.Response, *, since: float) -> None:
        if wish.path.startswith(PRESALES) and answer.content:
            seen: Presale | None = presale_as_shown(answer.json())
        else:
            seen = await self.look_closely(before)
        self.expect(self.matches(seen, wish.after, since=since), f"{wish} was acknowledged, but there is {seen}")
        self.note(before, seen)

    async def look_closely(self, presale: Presale) -> Presale | None:
        """The pre-sale as it is; None when it is gone.

        A change of nothing waits for whoever holds the row. So what it shows is final: whatever was sent before, and
        left unanswered, is either in it or will never be.
        """
        answer = await self.door.insist("PATCH", f"{PRESALES}{presale.id}/", {})
        if answer.status_code == 404:
            return None
        self.expect(answer.status_code == 200, f"looking at {presale} got {answer.text}")
        return presale_as_shown(answer.json())

    def note(self, before: Presale, after: Presale | None) -> None:
        assert before.id is not None
        if after is None:
            del self.shop.presales[before.id]
        else:
            self.shop.presales[before.id] = after

    def matches(self, seen: Presale | None, wish: Presale | None, *, since: float) -> bool:
        return self.shop.matches(seen, wish, since=since, until=time.monotonic())

    def expect(self, true: bool, otherwise: str) -> None:
        self.door.expect(true, otherwise)
