"""What clerks do to pre-sales, from the draft to the end, and to their customers."""

import asyncio
import time
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from tests.chaos.customers import Receptionist
from tests.chaos.door import Door, refusal_of
from tests.chaos.people import Act
from tests.chaos.presales import PRESALES, Desk, Wish, line_as_sent, presale_as_sent, presale_as_shown
from tests.chaos.shop import ACTIONS, Line, Maybe, Presale, Shop

LINES = "/api/presale-items/"
ONWARDS = {"draft": "submit", "pending": "approve", "approved": "convert"}
PRESALES_AT_HAND = 8
NOTES = (None, "", "ligar antes", "'; DROP TABLE presales; --", "🛒 às 14h\nportão azul", '%s {} \\ "')


class Clerk(Receptionist):
    """The only one to touch these pre-sales."""

    def __init__(self, shop: Shop, door: Door, random: Random, regulars: list[str]) -> None:
        super().__init__(shop, door, random)
        self.desk = Desk(shop, door)
        self.regulars = regulars  # customers of everybody, whom nobody deletes
        self.customers = []
        self.mine: list[str] = []

    def chances(self) -> dict[Act, int]:
        opening: dict[Act, int] = {
            self.open_a_presale: 8 if len(self.at_hand()) < PRESALES_AT_HAND else 0,
            self.send_a_presale_and_walk_away: 1,
            self.door.log_in: 1,
        }
        working: dict[Act, int] = {
            self.move_on: 12,
            self.move_anywhere: 4,
            self.change_the_head: 4,
            self.replace_the_lines: 4,
            self.add_a_line: 4,
            self.change_a_line: 3,
            self.remove_a_line: 2,
            self.delete_a_presale: 1,
            self.read_a_presale: 3,
            self.race_to_the_end: 3,
            self.race_to_change: 2,
        }
        return super().chances() | opening | (working if self.mine else {})

    # What there is, and what might be

    def at_hand(self) -> list[str]:
        return [id for id in self.mine if not self.shop.presales[id].is_final]

    def presale(self) -> Presale:
        """Any of them, though seldom one that is finished."""
        choice = self.at_hand() if self.random.random() < 0.9 else []
        return self.shop.presales[self.random.choice(choice or self.mine)]

    def line(self, *, priced: bool | None = None) -> Line:
        """One in ten that are priced has a discount which may be too large."""
        product = self.random.choice(list(self.shop.products))
        quantity = self.amount(3, places=3) + Decimal("0.001")
        if not (self.random.random() < 0.5 if priced is None else priced):
            return Line(product, quantity, None)
        discount = self.amount(20) if self.random.random() < 0.1 else Decimal(0)
        return Line(product, quantity, self.amount(30), discount)

    def lines(self, *, priced: bool | None = None) -> tuple[Line, ...]:
        return tuple(self.line(priced=priced) for _ in range(self.random.choice([0, 1, 1, 2, 3, 6])))

    def role(self) -> str:
        return self.random.choice(["employee", "manager", "manager", "manager"])

    # Opening

    async def open_a_presale(self) -> None:
        """Repeated with its key until it is answered; sometimes several times at once."""
        customer = self.random.choice(self.regulars + self.customers)
        draft = Presale(customer, self.amount(8), self.random.choice(NOTES), self.lines())
        begun, key = time.monotonic(), uuid4().hex
        answers = await asyncio.gather(*[self.create(draft, key) for _ in range(self.random.choice([1, 1, 1, 3]))])
        refusal = "check_violation" if any(line.is_refused for line in draft.lines) else None
        self.expect({refusal_of(answer) for answer in answers} == {refusal}, f"{draft} got {answers[0].text}")
        if refusal is None:
            self.expect(len({answer.text for answer in answers}) == 1, f"one key, several answers: {draft}")
            seen = presale_as_shown(answers[0].json())
            self.expect(self.desk.matches(seen, draft, since=begun), f"{draft} became {seen}")
            assert seen.id is not None
            self.shop.presales[seen.id] = seen
            self.mine.append(seen.id)

    async def create(self, draft: Presale, key: str) -> httpx.Response:
        body = presale_as_sent(draft)
        return await self.door.insist("POST", PRESALES, body, role="employee", Idempotency_Key=key)

    async def send_a_presale_and_walk_away(self) -> None:
        key = uuid4().hex
        lines = tuple(line for line in self.lines(priced=True) if not line.is_refused)
        draft = Presale(self.random.choice(self.regulars), notes=key, lines=lines)
        self.shop.maybes.append(Maybe(draft, key))
        body = presale_as_sent(draft)
        sending = asyncio.create_task(self.door.ask("POST", PRESALES, body, role="employee", Idempotency_Key=key))
        await asyncio.wait([sending], timeout=self.random.uniform(0, 0.05))
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

    # Working on one

    async def move_on(self) -> None:
        presale = self.presale()
        if not presale.is_final:
            await self.move(presale, ONWARDS[presale.status], role="manager")

    async def move_anywhere(self) -> None:
        await self.move(self.presale(), self.random.choice(list(ACTIONS)), role=self.role())

    async def move(self, presale: Presale, action: str, *, role: str) -> None:
        after = replace(presale, status=ACTIONS[action])
        refusal = presale.refusal_to_move(after.status, manager=role == "manager")
        wish = Wish("POST", f"{PRESALES}{presale.id}/{action}/", None, after, refusal, role)
        await self.desk.carry_out(presale, wish)

    async def change_the_head(self) -> None:
        presale = self.presale()
        options: list[dict[str, Any]] = [{"discount": self.amount(12)}, {"notes": self.random.choice(NOTES)}]
        changes = self.random.choice(options)
        refusal = presale.refusal_to_change(**changes)
        body = {name: None if value is None else str(value) for name, value in changes.items()}
        wish = Wish("PATCH", f"{PRESALES}{presale.id}/", body, replace(presale, **changes), refusal, self.role())
        await self.desk.carry_out(presale, wish)

    async def replace_the_lines(self) -> None:
        presale, lines = self.presale(), self.lines()
        body = [line_as_sent(line) for line in lines]
        await self.change_lines(presale, lines, "PUT", f"{PRESALES}{presale.id}/items/", body)

    async def add_a_line(self) -> None:
        presale, line = self.presale(), self.line()
        body = line_as_sent(line) | {"presale_id": presale.id}
        await self.change_lines(presale, (*presale.lines, line), "POST", LINES, body)

    async def change_a_line(self) -> None:
        presale = self.presale()
        for old in presale.lines[:1]:
            new = replace(old, quantity=self.amount(3, places=3) + Decimal("0.001"))
            body = {"quantity": str(new.quantity)}
            await self.change_lines(presale, (new, *presale.lines[1:]), "PATCH", f"{LINES}{old.id}/", body)

    async def remove_a_line(self) -> None:
        presale = self.presale()
        for gone in presale.lines[:1]:
            await self.change_lines(presale, presale.lines[1:], "DELETE", f"{LINES}{gone.id}/", None)

    async def change_lines(self, presale: Presale, lines: tuple[Line, ...], method: str, path: str, body: Any) -> None:
        """Where two rules are against it, nobody says which of them is named: so that is left out."""
        locked = presale.refusal_to_change(lines=lines)
        refused = "check_violation" if any(line.is_refused for line in lines) else None
        if not (locked and refused):
            wish = Wish(method, path, body, replace(presale, lines=lines), locked or refused)
            await self.desk.carry_out(presale, wish)

    async def delete_a_presale(self) -> None:
        presale, role = self.presale(), self.role()
        refusal = presale.refusal_to_delete(manager=role == "manager")
        await self.desk.carry_out(presale, Wish("DELETE", f"{PRESALES}{presale.id}/", None, None, refusal, role))
        if presale.id not in self.shop.presales:
            assert presale.id is not None
            self.mine.remove(presale.id)

    # Looking, and several hands at once

    async def read_a_presale(self) -> None:
        presale = self.presale()
        answer = await self.door.insist("GET", f"{PRESALES}{presale.id}/", role="employee")
        self.expect(presale_as_shown(answer.json()) == presale, f"{presale} is shown as {answer.text}")

    async def race_to_the_end(self) -> None:
        """Converted several times and cancelled at once: one of these happens, and happens once."""
        presale = self.presale()
        if presale.status == "approved":
            ends = self.random.choice([["convert"] * 4, ["convert", "cancel", "convert"]])
            await self.desk.race(
                presale,
                [
                    Wish("POST", f"{PRESALES}{presale.id}/{end}/", None, replace(presale, status=ACTIONS[end]))
                    for end in ends
                ],
            )

    async def race_to_change(self) -> None:
        """Several changes of the same version: at most one is made."""
        presale = self.presale()
        if presale.status == "draft":
            address = f"{PRESALES}{presale.id}/"
            etag = (await self.door.insist("GET", address)).headers["ETag"]
            discounts = [presale.discount + extra for extra in (1, 2, 3)]
            await self.desk.race(
                presale,
                [
                    Wish("PATCH", address, {"discount": str(new)}, replace(presale, discount=new), if_match=etag)
                    for new in discounts
                ],
            )
