"""The verdict of `make chaos` sees what it is there to see. (.ci/run makes a short run of it.)"""

from decimal import Decimal
from random import Random

import asyncpg
import pytest

from tests.chaos.door import Door, Ledger
from tests.chaos.shop import Customer, Line, Presale, Price, Product, Shop
from tests.chaos.verdict import Verdict
from tests.support.builders import a_presale_that_is, a_product


@pytest.fixture
async def shop(connection: asyncpg.Connection) -> Shop:
    """Ten were on the shelf, and two and a half were sold for 5 each."""
    product = str(await a_product(connection, stock=10, sale_price=5))
    id = str(await a_presale_that_is(connection, "converted", product_id=product, quantity="2.5"))
    [(line, customer)] = await connection.fetch("SELECT i.id, customer_id FROM presale_items AS i, presales")
    lines = (Line(product, Decimal("2.5"), Decimal(5), id=str(line)),)
    [(name, cpf)] = await connection.fetch("SELECT name, cpf FROM customers")
    return Shop(
        products={product: Product(product, 10, [Price(Decimal(5), since=0)])},
        customers={str(customer): Customer(name, cpf, id=str(customer))},
        presales={id: Presale(str(customer), lines=lines, status="converted", id=id)},
    )


async def differences(shop: Shop, connection: asyncpg.Connection) -> list[str]:
    nobody_to_ask = Door("http://flowcrm.test", Ledger(), Random(0))
    return await Verdict(shop, connection).give(nobody_to_ask)


async def test_a_true_record_gives_no_differences(shop: Shop, connection: asyncpg.Connection) -> None:
    assert await differences(shop, connection) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "DELETE FROM presales",
        "DELETE FROM presale_items",
        "DELETE FROM customers",
        "UPDATE products SET stock = stock - 3",
        "UPDATE products SET sale_price = 6",
        "UPDATE presales SET status = 'approved'",
        "UPDATE presales SET total = 12.51",
        "UPDATE presale_items SET total_price = 12.49",
        "UPDATE presale_items SET quantity = 2.501, total_price = 12.51",
        "INSERT INTO presales (customer_id, number, total) SELECT customer_id, 99, 0 FROM presales",
        "INSERT INTO presale_births (id) SELECT id FROM presales",
    ],
)
async def test_what_is_not_as_acknowledged_is_a_difference(
    shop: Shop, connection: asyncpg.Connection, wrong: str
) -> None:
    await connection.execute("SET session_replication_role = replica")  # the rules would not let it happen
    await connection.execute(wrong)
    assert await differences(shop, connection)
