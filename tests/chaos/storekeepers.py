"""Who fills the shelves and sets the prices of some products, while everybody sells them."""

import time
from random import Random
from uuid import uuid4

from tests.chaos.door import Door, refusal_of
from tests.chaos.people import Act, Person
from tests.chaos.shop import Price, Product, Shop


class Storekeeper(Person):
    """The only one to touch the price and the description of these products; the stock is everybody's."""

    def __init__(self, shop: Shop, door: Door, random: Random, products: list[str]) -> None:
        super().__init__(shop, door, random)
        self.products = products

    def chances(self) -> dict[Act, int]:
        return {self.fill_the_shelf: 3, self.change_a_price: 1}

    def product(self) -> Product:
        return self.shop.products[self.random.choice(self.products)]

    async def fill_the_shelf(self) -> None:
        """A stock is written as a number, so only to the version that was read: sales go on meanwhile.

        The description says who wrote last, so that a writer left unanswered finds out.
        """
        product, mark, units = self.product(), uuid4().hex, self.random.randint(1, 12)
        address = f"/api/products/{product.id}/"
        written = False
        while not written:
            seen = await self.door.insist("GET", address)
            self.expect(seen.json()["description"] == product.description, f"{product} is {seen.text}")
            stock = seen.json()["stock"] + units
            body = {"stock": stock, "description": mark}
            answer = await self.door.insist("PATCH", address, body, If_Match=seen.headers["ETag"])
            if answer.is_success:
                self.expect(answer.json()["stock"] == stock, f"{body} became {answer.text}")
            else:
                self.expect(refusal_of(answer) == "stale", answer.text)
            written = await self.is_marked(address, mark)
        product.arrived += units
        product.description = mark

    async def is_marked(self, address: str, mark: str) -> bool:
        seen = await self.door.insist("PATCH", address, {})
        return bool(seen.json()["description"] == mark)

    async def change_a_price(self) -> None:
        product, price = self.product(), Price(self.amount(40), since=time.monotonic())
        before = product.prices[-1]
        product.prices.append(price)
        answer = await self.door.insist("PATCH", f"/api/products/{product.id}/", {"sale_price": str(price.amount)})
        self.expect(answer.is_success, answer.text)
        before.until = time.monotonic()
