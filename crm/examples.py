"""Example values of the columns that a client may send, for the API's description."""

from backoffice.api.operations import EXAMPLE_ID

CUSTOMER = {
    "name": "Maria da Silva",
    "email": "maria@example.com",
    "phone": "(11) 98765-4321",
    "cpf": "529.982.247-25",
    "address": "Rua das Flores, 12, São Paulo",
}
PRODUCT = {
    "code": "CAFE-500",
    "name": "Café torrado 500 g",
    "unit": "un",
    "description": "Torra média, em grãos",
    "stock": 120,
    "purchase_price": "14.90",
    "sale_price": "24.50",
    "sale_type": "retail",
}
PRESALE = {
    "customer_id": "0a4f2f0e-8c57-4f0b-b1a3-6d2b9c7e5f10",
    "status": "draft",
    "discount": "2.50",
    "notes": "Deliver in the morning",
}
LINE = {
    "product_id": "c3d1a7b4-52e9-4a6f-8f0d-1b7e9a2c4d68",
    "quantity": "2.000",
    "unit_price": "24.50",
    "discount": "1.00",
}
PRESALE_ITEM = {"presale_id": EXAMPLE_ID, **LINE}
