"""The shop as it should be: the rules of pre-sales, stock and prices, as a model that the database must equal.

Nothing here knows of HTTP or SQL. A clerk asks the model what must come of a wish, sends the wish, and notes in the
model what was acknowledged.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
MOVES = {
    "draft": ("pending", "cancelled"),
    "pending": ("approved", "draft", "cancelled"),
    "approved": ("converted", "cancelled"),
    "cancelled": (),
    "converted": (),
}
ACTIONS = {
    "submit": "pending",
    "reopen": "draft",
    "approve": "approved",
    "convert": "converted",
    "cancel": "cancelled",
}


@dataclass(frozen=True)
class Line:
    """Without a unit price it gets the product's at that moment; the shop gives the id."""

    product: str
    quantity: Decimal
    unit_price: Decimal | None
    discount: Decimal = Decimal(0)
    id: str | None = None

    @property
    def gross(self) -> Decimal:
        assert self.unit_price is not None
        return (self.quantity * self.unit_price).quantize(CENT, ROUND_HALF_UP)

    @property
    def total(self) -> Decimal:
        return self.gross - self.discount

    @property
    def is_refused(self) -> bool:
        return self.unit_price is not None and self.discount > self.gross

    def is_as_wished(self, wish: "Line", prices: Iterable[Decimal]) -> bool:
        fair = self.unit_price in ([wish.unit_price] if wish.unit_price is not None else list(prices))
        same = (self.product, self.quantity, self.discount) == (wish.product, wish.quantity, wish.discount)
        return fair and same and wish.id in (None, self.id)


@dataclass(frozen=True)
class Presale:
    """The shop gives the id."""

    customer: str
    discount: Decimal = Decimal(0)
    notes: str | None = None
    lines: tuple[Line, ...] = ()
    status: str = "draft"
    id: str | None = None

    @property
    def sum(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        return max(self.sum - self.discount, Decimal(0))

    @property
    def is_final(self) -> bool:
        return not MOVES[self.status]

    def needs(self) -> dict[str, int]:
        """Whole units of each product."""
        quantities: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            quantities[line.product] += line.quantity
        return {product: math.ceil(quantity) for product, quantity in quantities.items()}

    # Why not: the code of the refusal, or None where nothing is against it

    def refusal_to_move(self, status: str, *, manager: bool) -> str | None:
        """Stock apart, which is between this pre-sale and all others."""
        cancels_approved = (self.status, status) == ("approved", "cancelled")
        if not manager and (status in ("approved", "converted") or cancels_approved):
            return "forbidden"
        if status == self.status:
            return "invalid_transition" if status == "converted" else None
        if status not in MOVES[self.status]:
            return "invalid_transition"
        if status == "pending" and not self.lines:
            return "no_items"
        if status == "pending" and self.discount > self.sum:
            return "discount_exceeds_sum"
        return None

    def refusal_to_change(self, **changes: Any) -> str | None:
        """Customer, discount and lines change in a draft; notes until the end."""
        changed = {name for name, value in changes.items() if getattr(self, name) != value}
        open_to = {"customer", "discount", "notes", "lines"} if self.status == "draft" else {"notes"}
        return "presale_locked" if changed - (set() if self.is_final else open_to) else None

    def refusal_to_delete(self, *, manager: bool) -> str | None:
        if not manager:
            return "forbidden"
        return None if self.status in ("draft", "cancelled") else "presale_locked"


@dataclass
class Price:
    """An amount, and the time in which a line may have been given it; two may be possible at one time."""

    amount: Decimal
    since: float
    until: float = math.inf


@dataclass
class Product:
    """`arrived`: units that were ever put on the shelf."""

    id: str
    arrived: int
    prices: list[Price]
    description: str | None = None

    def prices_between(self, since: float, until: float) -> set[Decimal]:
        return {price.amount for price in self.prices if price.since <= until and price.until >= since}


@dataclass(frozen=True)
class Customer:
    name: str
    cpf: str
    address: str | None = None
    id: str | None = None


@dataclass(frozen=True)
class Maybe:
    """A pre-sale that somebody sent without waiting for the answer: it is there once and as sent, or not at all."""

    presale: Presale
    key: str


@dataclass
class Shop:
    """Everything that was acknowledged, and what nobody knows yet."""

    products: dict[str, Product] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    presales: dict[str, Presale] = field(default_factory=dict)
    maybes: list[Maybe] = field(default_factory=list)
    converting: list[Presale] = field(default_factory=list)

    def stock(self, product: str, *, with_those_under_way: bool = False) -> int:
        """What arrived, less the needs of every converted pre-sale: once each, rounded up per product."""
        sold = [presale for presale in self.presales.values() if presale.status == "converted"]
        sold += self.converting if with_those_under_way else []
        return self.products[product].arrived - sum(presale.needs().get(product, 0) for presale in sold)

    def arrivals(self) -> dict[str, int]:
        return {product.id: product.arrived for product in self.products.values()}

    def may_lack(self, presale: Presale, arrived: dict[str, int]) -> bool:
        """Whether converting it may have been refused, when so much had arrived before it was asked for."""
        others = replace(self, converting=[other for other in self.converting if other.id != presale.id])
        for product, units in presale.needs().items():
            lately = self.products[product].arrived - arrived[product]
            if units > others.stock(product, with_those_under_way=True) - lately:
                return True
        return False

    def is_in_use(self, customer: str) -> bool:
        return any(presale.customer == customer for presale in self.presales.values())

    def matches(self, seen: Presale | None, wish: Presale | None, *, since: float, until: float) -> bool:
        """Whether what is there is what was wished, prices given by the shop in this time included."""
        if seen is None or wish is None:
            return seen is wish
        seen_lines = list(seen.lines)
        for line in sorted(wish.lines, key=lambda line: line.unit_price is None):
            prices = self.products[line.product].prices_between(since, until)
            fitting = next((one for one in seen_lines if one.is_as_wished(line, prices)), None)
            if fitting is None:
                return False
            seen_lines.remove(fitting)
        return not seen_lines and replace(seen, lines=(), id=None) == replace(wish, lines=(), id=None)
