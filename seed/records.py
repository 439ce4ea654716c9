"""The rows of the large data set, each a function of its number: customer 7 is the same in every database.

Rows are tuples in the order of the `*_COLUMNS` beside them, ready for COPY.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from piccolo.table import Table

from crm.enums import PresaleStatus
from crm.tables import Customer, Presale, PresaleItem, Product
from seed import brazil
from seed.chance import Dice

Record = tuple[Any, ...]

CENT = Decimal("0.01")
MAX_LINES = 5
CUSTOMERS_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
PRESALES_SINCE = datetime(2023, 1, 1, tzinfo=UTC)
SPAN_MINUTES = 3 * 365 * 24 * 60  # of either
AS_MANY_BEFORE_HALFTIME = 10_000  # customers, and products; when there are many more, most come late
LIFE_MINUTES = 10 * 24 * 60  # of a pre-sale, at most

# Five pre-sales already have all statuses; of many, half are converted.
STATUSES = (*PresaleStatus, *PresaleStatus, *[PresaleStatus.converted] * 6)
NOTES = (
    "Entregar no período da manhã.",
    "Cliente retira na loja.",
    "Pagamento em duas vezes no cartão.",
    "Ligar antes de entregar.",
    "Embalar para presente.",
)


class Kind(NamedTuple):
    """A kind of product: prefix of the code, noun, unit, lowest price in cents."""

    prefix: str
    noun: str
    unit: str
    cents: int


KINDS = (
    Kind("CAF", "Café torrado", "pct", 1690),
    Kind("MAT", "Erva-mate", "pct", 990),
    Kind("QUE", "Queijo artesanal", "kg", 5490),
    Kind("CAS", "Castanha-de-caju", "kg", 6490),
    Kind("FAR", "Farinha de mandioca", "kg", 690),
    Kind("FEI", "Feijão", "fd", 18900),
    Kind("AZE", "Azeite extravirgem", "un", 5990),
    Kind("MEL", "Mel silvestre", "un", 2490),
    Kind("DOC", "Doce de leite", "un", 1490),
    Kind("CAC", "Cachaça envelhecida", "un", 4990),
    Kind("VIN", "Vinho tinto", "cx", 24900),
    Kind("CES", "Cesta de presente", "un", 9900),
)
BRANDS = (  # noqa: SIM905
    "Serra Azul,Boa Vista,Santa Clara,Vale Verde,Recanto,Três Irmãos,Alvorada,Ipê Amarelo,Bem-te-vi,"
    "Pedra Branca,Rio Doce,Jatobá,Primavera,Estrela do Sul,Casa Grande,Sabiá"
).split(",")
BY_WEIGHT = "kg"

CUSTOMER_COLUMNS = ("id", "name", "email", "phone", "cpf", "address", "created_at", "updated_at")
PRODUCT_COLUMNS = (
    *("id", "code", "name", "unit", "description", "stock", "purchase_price", "sale_price", "sale_type"),
    *("created_at", "updated_at"),
)
PRESALE_COLUMNS = ("id", "customer_id", "status", "total", "discount", "notes", "created_at", "updated_at")
ITEM_COLUMNS = ("id", "presale_id", "product_id", "quantity", "unit_price", "total_price", "discount")

# The second group of an id stands for the table; the first marks all rows that were generated, to find and delete them.
ID_RANGES: dict[type[Table], int] = {
    table: UUID(f"5eed0000-000{place}-8000-8000-000000000000").int
    for place, table in enumerate((Customer, Product, Presale, PresaleItem), start=1)
}


def id_of(table: type[Table], number: int) -> UUID:
    """Ids rise with the numbers."""
    return UUID(int=ID_RANGES[table] + number)


def number_of(row_id: UUID) -> int:
    return row_id.int & 0xFFFF_FFFF_FFFF


def _since(number: int) -> datetime:
    """When the row was created: ascending with its number, so that the newest rows are together on disk."""
    return CUSTOMERS_SINCE + timedelta(seconds=60 * SPAN_MINUTES * number // (number + AS_MANY_BEFORE_HALFTIME))


def customer(number: int) -> Record:
    dice = Dice("customer", number)
    name, city = brazil.name(dice), dice.pick(brazil.CITIES)
    phone = brazil.phone(dice, area=city[2])
    address = brazil.address(dice, city) if dice.draw(8) else None
    since = _since(number)
    key, email, cpf = id_of(Customer, number), brazil.email(name, number), brazil.nth_cpf(number)
    return key, name, email, phone, cpf, address, since, since


@lru_cache(maxsize=10_000)
def product(number: int) -> Record:
    dice = Dice("product", number)
    kind, brand = dice.pick(KINDS), dice.pick(BRANDS)
    price = Decimal(kind.cents + 10 * dice.draw(kind.cents // 10)) * CENT
    cost = (price * (60 + dice.draw(25)) / 100).quantize(CENT)
    code, name = f"{kind.prefix}-{number:06d}", f"{kind.noun} {brand}"
    description = f"{kind.noun} da marca {brand}, lote {1 + dice.draw(400)}." if dice.draw(3) else None
    sale_type = "atacado" if dice.draw(4) == 0 else "varejo"
    since = _since(number)
    key, stock = id_of(Product, number), dice.draw(1000)
    return key, code, name, kind.unit, description, stock, cost, price, sale_type, since, since


def _item(dice: Dice, *, number: int, presale_id: UUID, products: int) -> Record:
    sold = dict(zip(PRODUCT_COLUMNS, product(1 + dice.draw(products)), strict=True))
    quantity = Decimal(1 + dice.draw(12))
    if sold["unit"] == BY_WEIGHT:
        quantity += Decimal(dice.draw(1000)) / 1000
    price = (sold["sale_price"] * (90 + dice.draw(11)) / 100).quantize(CENT)  # it was cheaper then
    gross = (quantity * price).quantize(CENT, ROUND_HALF_UP)
    discount = (gross / 20).quantize(CENT) if dice.draw(8) == 0 else Decimal(0)
    key = id_of(PresaleItem, number)
    return key, presale_id, sold["id"], quantity, price, gross - discount, discount


def presale(number: int, *, of: int, customers: int, products: int) -> tuple[Record, Sequence[Record]]:
    """Pre-sale `number` of `of`, and its lines; its customer and products are drawn from numbers 1 to these."""
    dice = Dice("presale", number)
    key, customer_id = id_of(Presale, number), id_of(Customer, 1 + dice.draw(customers))
    status = STATUSES[(number - 1) % len(STATUSES)]
    notes = None if dice.draw(3) else dice.pick(NOTES)
    created_at = PRESALES_SINCE + timedelta(seconds=60 * SPAN_MINUTES * number // of)
    updated_at = created_at + timedelta(minutes=dice.draw(LIFE_MINUTES))
    first = number * MAX_LINES
    items = [
        _item(dice, number=first + line, presale_id=key, products=products) for line in range(1 + dice.draw(MAX_LINES))
    ]
    gross = sum((item[5] for item in items), Decimal(0))
    discount = gross // 20 if dice.draw(6) == 0 else Decimal(0)
    return (key, customer_id, status, gross - discount, discount, notes, created_at, updated_at), items
