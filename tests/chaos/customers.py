"""What a clerk does to customers."""

from dataclasses import replace
from itertools import count

from tests.chaos.door import refusal_of
from tests.chaos.people import Act, Person
from tests.chaos.shop import Customer
from tests.support.builders import nth_cpf

CUSTOMERS = "/api/customers/"
NAMES = ("Maria da Silva", "João Gonçalves", "Zoë D'Ávila", "Açougue São José Ltda.", "李小龍")
_cpfs = (nth_cpf(number) for number in count(50_000_000))


class Receptionist(Person):
    """The only one to touch these customers."""

    customers: list[str]

    def chances(self) -> dict[Act, int]:
        mine: dict[Act, int] = {self.change_a_customer: 1, self.delete_a_customer: 1, self.list_their_presales: 1}
        return {self.register_a_customer: 1} | (mine if self.customers else {})

    def any_customer(self) -> Customer:
        return self.shop.customers[self.random.choice(self.customers)]

    async def register_a_customer(self) -> None:
        """A CPF is there once. So who is told that it is taken, by a try left unanswered, looks it up."""
        customer = Customer(self.random.choice(NAMES), next(_cpfs))
        body = {"name": customer.name, "email": "cliente@example.com", "phone": "11987654321", "cpf": customer.cpf}
        answer = await self.door.insist("POST", CUSTOMERS, body, role="employee")
        row = await self.find(customer.cpf) if refusal_of(answer) == "unique_violation" else answer.json()
        self.expect(row.get("cpf") == customer.cpf and row.get("name") == customer.name, f"{customer}: {answer.text}")
        self.shop.customers[row["id"]] = replace(customer, id=row["id"])
        self.customers.append(row["id"])
        again = await self.door.insist("POST", CUSTOMERS, body, role="employee")
        self.expect(refusal_of(again) == "unique_violation", f"{customer} twice: {again.text}")

    async def find(self, cpf: str) -> dict[str, str]:
        answer = await self.door.insist("GET", f"{CUSTOMERS}?cpf={cpf}&cpf__match=exact")
        rows: list[dict[str, str]] = answer.json()["rows"]
        self.expect(len(rows) == 1, f"{cpf}: {answer.text}")
        return rows[0]

    async def change_a_customer(self) -> None:
        customer = replace(self.any_customer(), address=f"Rua {self.random.randint(1, 999)}")
        answer = await self.door.insist("PATCH", f"{CUSTOMERS}{customer.id}/", {"address": customer.address})
        self.expect(answer.is_success and answer.json()["address"] == customer.address, f"{customer}: {answer.text}")
        assert customer.id is not None
        self.shop.customers[customer.id] = customer

    async def delete_a_customer(self) -> None:
        """Said twice, the second time finds nobody."""
        id = self.random.choice(self.customers)
        answer = await self.door.insist("DELETE", f"{CUSTOMERS}{id}/")
        if self.shop.is_in_use(id):
            self.expect(refusal_of(answer) == "still_referenced", f"{id} is in use: {answer.text}")
            return
        self.expect(answer.status_code in (204, 404), f"{id} is not in use: {answer.text}")
        self.customers.remove(id)
        del self.shop.customers[id]

    async def list_their_presales(self) -> None:
        id = self.random.choice(self.customers)
        answer = await self.door.insist("GET", f"/api/presales/?customer_id={id}&limit=1000", role="employee")
        shown = {row["id"]: row["status"] for row in answer.json()["rows"]}
        noted = {one.id: one.status for one in self.shop.presales.values() if one.customer == id}
        self.expect(shown == noted, f"{id} has {noted}, the list shows {shown}")
