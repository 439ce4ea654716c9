"""A client that a program wrote from the description alone makes a whole sale."""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.passwords import DEMO_PASSWORD
from tests.support.cast import Cast

PACKAGE = "generated_flow_crm"


Generated = Callable[[str], Any]  # gives a module of the generated package


@pytest.fixture
async def generated(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generated:
    description, config = tmp_path / "openapi.json", tmp_path / "config.yaml"
    description.write_text((await cast.stranger.get("/openapi.json")).text)
    config.write_text(json.dumps({"post_hooks": []}))
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--meta", "none"),
            *("--path", str(description), "--config", str(config), "--output-path", str(tmp_path / PACKAGE)),
            "--fail-on-warning",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(tmp_path)

    return lambda module: importlib.import_module(f"{PACKAGE}.{module}")


async def test_a_generated_client_makes_a_whole_sale(generated: Generated, cast: Cast) -> None:
    models = generated("models")

    def person(client: Any) -> Any:
        return generated("client").Client(base_url="http://flowcrm.example").set_async_httpx_client(client)

    async def call(tag: str, operation: str, *arguments: Any, client: Any, **keywords: Any) -> Any:
        return await generated(f"api.{tag}.{operation}").asyncio(*arguments, client=client, **keywords)

    employee, manager = person(cast.employee), person(cast.manager)

    sent = models.LogIn(email="employee@flowcrm.example", password=DEMO_PASSWORD)
    logged_in = await call("auth", "log_in", client=person(cast.stranger), body=sent)
    assert (logged_in.user.name, logged_in.user.role) == ("Employee", models.UserRole.EMPLOYEE)

    customer = await call(
        "customers",
        "create_customer",
        client=employee,
        body=models.CustomerIn(name="Ana", email="ana@example.com", phone="(11) 98765-4321", cpf="529.982.247-25"),
    )
    product = await call(
        "products",
        "create_product",
        client=manager,
        body=models.ProductIn(
            code="B1", name="Bola", unit="un", purchase_price="5.00", sale_price="9.90", sale_type="retail", stock=10
        ),
    )
    line = models.Line(product_id=product.id, quantity="2.5", discount="0.75")
    presale = await call(
        "presales",
        "create_presale",
        client=employee,
        body=models.PresaleWithItems(customer_id=customer.id, items=[line]),
        idempotency_key="sale-1",
    )
    assert (presale.status, presale.total, presale.items[0].unit_price) == (models.PresaleStatus.DRAFT, "24.00", "9.90")

    too_early = await call("presales", "convert_presale", presale.id, client=manager)
    assert (type(too_early), too_early.code) == (models.ProblemBody, "invalid_transition")
    for who, action, status in (
        (employee, "submit", models.PresaleStatus.PENDING),
        (manager, "approve", models.PresaleStatus.APPROVED),
        (manager, "convert", models.PresaleStatus.CONVERTED),
    ):
        moved = await call("presales", f"{action}_presale", presale.id, client=who)
        assert moved.status == status

    assert (await call("products", "read_product", product.id, client=employee)).stock == 7
    sold = await call(
        "presales",
        "list_presales",
        client=employee,
        status=models.PresaleStatus.CONVERTED,
        status_operator=models.Operator.E,
        search="ana",
    )
    assert ([row.id for row in sold.rows], sold.total) == ([presale.id], 1)
    still_used = await call("customers", "delete_customer", customer.id, client=manager)
    assert still_used.code == "still_referenced"
