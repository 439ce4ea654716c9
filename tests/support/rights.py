"""Who may do what, as requests."""

from dataclasses import dataclass
from typing import Any

ALL = frozenset({"employee", "manager", "admin"})
MANAGERS = frozenset({"manager", "admin"})
ADMIN = frozenset({"admin"})


@dataclass(frozen=True)
class Deed:
    """A request, and who may make it.

    :param path: with the names of rows of the stage in braces.
    """

    method: str
    path: str
    roles: frozenset[str]
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.body or ''}"


# Bodies, with what the stage knows in braces.
A_CUSTOMER = {"name": "A", "email": "a@b.co", "phone": "11987654321", "cpf": "{cpf}"}
A_PRODUCT = {"code": "{unique}", "name": "X", "unit": "un", "purchase_price": 1, "sale_price": 1, "sale_type": "retail"}
A_USER = {"email": "{unique}@b.co", "password": "long enough", "name": "N", "role": "employee"}
A_LINE = {"presale_id": "{draft}", "product_id": "{product}", "quantity": 1}

READS = ("", "ids/", "new/", "count/", "schema/", "references/")
DEEDS = (
    # read customers, products, presales
    *(
        Deed("GET", f"/api/{path}/{route}", ALL)
        for path in ("customers", "products", "presales", "presale-items")
        for route in READS
    ),
    Deed("GET", "/api/customers/{customer}/", ALL),
    Deed("GET", "/api/products/{product}/", ALL),
    Deed("GET", "/api/presales/{draft}/", ALL),
    Deed("GET", "/api/presale-items/{item}/", ALL),
    # create, change customers
    Deed("POST", "/api/customers/", ALL, A_CUSTOMER),
    Deed("PUT", "/api/customers/{customer}/", ALL, A_CUSTOMER),
    Deed("PATCH", "/api/customers/{customer}/", ALL, {"name": "B"}),
    # create presales, edit drafts, submit, reopen, cancel before approval
    Deed("POST", "/api/presales/", ALL, {"customer_id": "{customer}"}),
    Deed("PATCH", "/api/presales/{draft}/", ALL, {"discount": "0.50"}),
    Deed("PUT", "/api/presales/{draft}/", ALL, {"customer_id": "{customer}"}),
    Deed("PUT", "/api/presales/{draft}/items/", ALL, [{"product_id": "{product}", "quantity": 1}]),
    Deed("POST", "/api/presale-items/", ALL, A_LINE),
    Deed("PATCH", "/api/presale-items/{item}/", ALL, {"quantity": 2}),
    Deed("PUT", "/api/presale-items/{item}/", ALL, A_LINE),
    Deed("DELETE", "/api/presale-items/{item}/", ALL),
    Deed("POST", "/api/presales/{draft}/submit/", ALL),
    Deed("PATCH", "/api/presales/{draft}/", ALL, {"status": "pending"}),
    Deed("POST", "/api/presales/{pending}/reopen/", ALL),
    Deed("PATCH", "/api/presales/{pending}/", ALL, {"status": "draft"}),
    Deed("POST", "/api/presales/{draft}/cancel/", ALL),
    Deed("POST", "/api/presales/{pending}/cancel/", ALL),
    Deed("PATCH", "/api/presales/{pending}/", ALL, {"status": "cancelled"}),
    Deed("PATCH", "/api/presales/{approved}/", ALL, {"notes": "call first"}),
    # approve, convert, cancel an approved presale
    Deed("POST", "/api/presales/{pending}/approve/", MANAGERS),
    Deed("PATCH", "/api/presales/{pending}/", MANAGERS, {"status": "approved"}),
    Deed("PUT", "/api/presales/{pending}/", MANAGERS, {"customer_id": "{customer}", "status": "approved"}),
    Deed("POST", "/api/presales/{approved}/convert/", MANAGERS),
    Deed("PATCH", "/api/presales/{approved}/", MANAGERS, {"status": "converted"}),
    Deed("POST", "/api/presales/{approved}/cancel/", MANAGERS),
    Deed("PATCH", "/api/presales/{approved}/", MANAGERS, {"status": "cancelled"}),
    # create, change products; delete customers, products, presales
    Deed("POST", "/api/products/", MANAGERS, A_PRODUCT),
    Deed("PUT", "/api/products/{product}/", MANAGERS, A_PRODUCT),
    Deed("PATCH", "/api/products/{product}/", MANAGERS, {"stock": 7}),
    Deed("DELETE", "/api/customers/{unused_customer}/", MANAGERS),
    Deed("DELETE", "/api/products/{unused_product}/", MANAGERS),
    Deed("DELETE", "/api/presales/{draft}/", MANAGERS),
    # users: list, create, change (role, active, password), delete
    *(Deed("GET", f"/api/users/{route}", ADMIN) for route in READS),
    Deed("GET", "/api/users/{user}/", ADMIN),
    Deed("POST", "/api/users/", ADMIN, A_USER),
    Deed("PUT", "/api/users/{user}/", ADMIN, A_USER),
    Deed("PATCH", "/api/users/{user}/", ADMIN, {"role": "admin"}),
    Deed("PATCH", "/api/users/{user}/", ADMIN, {"active": False}),
    Deed("PATCH", "/api/users/{user}/", ADMIN, {"password": "another long one"}),
    Deed("DELETE", "/api/users/{user}/", ADMIN),
    # the audit trail: read, by managers
    Deed("GET", "/api/audit-trail/", MANAGERS),
    Deed("GET", "/api/audit-trail/count/", MANAGERS),
    Deed("GET", "/api/audit-trail/{entry}/", MANAGERS),
)
