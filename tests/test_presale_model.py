"""The rules together: whatever is done to pre-sales in whatever order, the database equals a model in Python."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from tests.support.builders import a_customer, a_presale, a_product
from tests.support.properties import gross

MOVES = {
    "draft": {"pending", "cancelled"},
    "pending": {"approved", "draft", "cancelled"},
    "approved": {"converted", "cancelled"},
    "cancelled": set[str](),
    "converted": set[str](),
}
STOCK = 6


@dataclass
class Line:
    product: UUID
    quantity: Decimal
    price: Decimal

    @property
    def total(self) -> Decimal:
        return gross(self.quantity, self.price)


@dataclass
class Presale:
    discount: Decimal
    status: str = "draft"
    lines: dict[UUID, Line] = field(default_factory=dict)

    @property
    def sum(self) -> Decimal:
        return sum((line.total for line in self.lines.values()), Decimal(0))

    @property
    def total(self) -> Decimal:
        return max(self.sum - self.discount, Decimal(0))

    def needs(self) -> dict[UUID, int]:
        quantities: dict[UUID, Decimal] = defaultdict(Decimal)
        for line in self.lines.values():
            quantities[line.product] += line.quantity
        return {product: ceil(quantity) for product, quantity in quantities.items()}


class Shop(RuleBasedStateMachine):
    """Each step is done to the model and to the database; a refusal must be foreseen by the constraint's name."""

    dsn: str
    presales = Bundle("presales")
    lines = Bundle("lines")
    quantities = st.decimals("0.1", "4", places=1)
    prices = st.decimals("0", "9", places=2)
    discounts = st.decimals("0", "20", places=2)

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.connection = self.run(asyncpg.connect(self.dsn))
        self.customer = self.run(a_customer(self.connection))
        self.stock = {self.run(a_product(self.connection, stock=STOCK)): STOCK for _ in range(2)}
        self.model: dict[UUID, Presale] = {}

    def teardown(self) -> None:
        self.run(self.connection.close())
        self.runner.close()

    def run(self, step: Awaitable[Any]) -> Any:
        async def steps() -> Any:
            return await step

        return self.runner.run(steps())

    def attempt(self, sql: str, *arguments: Any, foreseen: str | None) -> bool:
        """Whether the database did it, which must be exactly when nothing was foreseen to be against it."""
        blamed = None
        try:
            self.run(self.connection.execute(sql, *arguments))
        except asyncpg.IntegrityConstraintViolationError as refusal:
            blamed = refusal.constraint_name
        assert blamed == foreseen
        return blamed is None

    def home(self, line: UUID) -> Presale | None:
        return next((presale for presale in self.model.values() if line in presale.lines), None)

    def locked(self, *touched: Presale) -> str | None:
        return None if all(presale.status == "draft" for presale in touched) else "presales_locked"

    @rule(target=presales, discount=discounts)
    def open_a_draft(self, discount: Decimal) -> UUID:
        presale: UUID = self.run(a_presale(self.connection, customer_id=self.customer, discount=discount))
        self.model[presale] = Presale(discount)
        return presale

    @rule(target=presales, status=st.sampled_from(sorted(MOVES)), quantity=quantities)
    def load_history(self, status: str, quantity: Decimal) -> UUID:
        product = next(iter(self.stock))
        id, line = uuid4(), uuid4()
        self.run(
            self.connection.execute(
                f"BEGIN; INSERT INTO presales (id, customer_id, status) VALUES ('{id}', '{self.customer}', '{status}');"
                "INSERT INTO presale_items (id, presale_id, product_id, quantity, unit_price) "
                f"VALUES ('{line}', '{id}', '{product}', {quantity}, 1); COMMIT"
            )
        )
        self.model[id] = Presale(Decimal(0), status, {line: Line(product, quantity, Decimal(1))})
        return id

    @rule(target=lines, id=presales, which=st.integers(0, 1), quantity=quantities, price=prices)
    def add_a_line(self, id: UUID, which: int, quantity: Decimal, price: Decimal) -> UUID:
        created, product = uuid4(), list(self.stock)[which]
        presale = self.model.get(id)
        foreseen = self.locked(presale) if presale else "presale_items_presale_id_fkey"
        sql = "INSERT INTO presale_items (id, presale_id, product_id, quantity, unit_price) VALUES ($1, $2, $3, $4, $5)"
        if self.attempt(sql, created, id, product, quantity, price, foreseen=foreseen) and presale:
            presale.lines[created] = Line(product, quantity, price)
        return created

    @rule(id=lines, quantity=quantities)
    def change_a_line(self, id: UUID, quantity: Decimal) -> None:
        presale = self.home(id)
        unchanged = presale is None or presale.lines[id].quantity == quantity
        foreseen = None if unchanged or presale is None else self.locked(presale)
        sql = "UPDATE presale_items SET quantity = $2 WHERE id = $1"
        if self.attempt(sql, id, quantity, foreseen=foreseen) and presale:
            presale.lines[id].quantity = quantity

    @rule(id=lines, target_id=presales)
    def move_a_line(self, id: UUID, target_id: UUID) -> None:
        source, target = self.home(id), self.model.get(target_id)
        if source is None or target is None or source is target:
            return
        sql = "UPDATE presale_items SET presale_id = $2 WHERE id = $1"
        if self.attempt(sql, id, target_id, foreseen=self.locked(source, target)):
            target.lines[id] = source.lines.pop(id)

    @rule(id=consumes(lines))
    def remove_a_line(self, id: UUID) -> None:
        presale = self.home(id)
        foreseen = self.locked(presale) if presale else None
        if self.attempt("DELETE FROM presale_items WHERE id = $1", id, foreseen=foreseen) and presale:
            del presale.lines[id]

    @rule(id=presales, discount=discounts)
    def give_a_discount(self, id: UUID, discount: Decimal) -> None:
        presale = self.model.get(id)
        unchanged = presale is None or presale.discount == discount
        foreseen = None if unchanged or presale is None else self.locked(presale)
        sql = "UPDATE presales SET discount = $2 WHERE id = $1"
        if self.attempt(sql, id, discount, foreseen=foreseen) and presale:
            presale.discount = discount

    @rule(id=presales, status=st.sampled_from(sorted(MOVES)))
    def move(self, id: UUID, status: str) -> None:
        self.go(id, status)

    @rule(id=presales)
    def move_on(self, id: UUID) -> None:
        """The way that most pre-sales take, so that enough of them arrive."""
        presale = self.model.get(id)
        onwards = {"draft": "pending", "pending": "approved", "approved": "converted"}
        if presale and presale.status in onwards:
            self.go(id, onwards[presale.status])

    def go(self, id: UUID, status: str) -> None:
        presale = self.model.get(id)
        foreseen = self.against(presale, status) if presale else None
        moved = self.attempt("UPDATE presales SET status = $2 WHERE id = $1", id, status, foreseen=foreseen)
        if not moved or presale is None or presale.status == status:
            return
        presale.status = status
        if status == "converted":
            for product, units in presale.needs().items():
                self.stock[product] -= units

    def against(self, presale: Presale, status: str) -> str | None:
        if status == presale.status:
            return None
        if status not in MOVES[presale.status]:
            return "presales_transition"
        if status == "pending" and not presale.lines:
            return "presales_no_items"
        if status == "pending" and presale.discount > presale.sum:
            return "presales_discount_exceeds_sum"
        if status == "converted" and any(units > self.stock[id] for id, units in presale.needs().items()):
            return "presales_stock"
        return None

    @rule(id=presales)
    def delete(self, id: UUID) -> None:
        presale = self.model.get(id)
        foreseen = None if presale is None or presale.status in {"draft", "cancelled"} else "presales_kept"
        if self.attempt("DELETE FROM presales WHERE id = $1", id, foreseen=foreseen):
            self.model.pop(id, None)

    @rule(which=st.integers(0, 1), arrived=st.integers(-3, 3))
    def count_the_stock(self, which: int, arrived: int) -> None:
        product = list(self.stock)[which]
        foreseen = "products_stock_not_negative" if self.stock[product] + arrived < 0 else None
        sql = "UPDATE products SET stock = stock + $2 WHERE id = $1"
        if self.attempt(sql, product, arrived, foreseen=foreseen):
            self.stock[product] += arrived

    @invariant()
    def the_database_equals_the_model(self) -> None:
        held = self.run(
            self.connection.fetch(
                "SELECT id, status::text, discount, total, ARRAY(SELECT total_price FROM presale_items "
                "WHERE presale_id = presales.id ORDER BY 1), NULL AS stock FROM presales WHERE customer_id = $1 "
                "UNION ALL SELECT id, NULL, NULL, NULL, NULL, stock FROM products WHERE id = ANY ($2)",
                self.customer,
                list(self.stock),
            )
        )
        assert {record[0]: tuple(record)[1:] for record in held} == {
            id: (
                presale.status,
                presale.discount,
                presale.total,
                sorted(line.total for line in presale.lines.values()),
                None,
            )
            for id, presale in self.model.items()
        } | {id: (None, None, None, None, stock) for id, stock in self.stock.items()}


def test_whatever_is_done_the_database_equals_the_model(database: str) -> None:
    Shop.dsn = database
    run_state_machine_as_test(Shop, settings=settings(max_examples=15, stateful_step_count=40, deadline=None))
