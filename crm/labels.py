"""The labels of customers, products, pre-sales, their columns and statuses. Importing this module registers them."""

from backoffice.words import LABELS, VALUES, Text

TABLES = {
    "customers": Text("Customers", "Clientes"),
    "products": Text("Products", "Produtos"),
    "presales": Text("Pre-sales", "Pré-vendas"),
    "presale_items": Text("Pre-sale items", "Itens de pré-venda"),
}

# As in "add …".
ROWS = {
    "one of customers": Text("customer", "cliente"),
    "one of products": Text("product", "produto"),
    "one of presales": Text("pre-sale", "pré-venda"),
    "one of presale_items": Text("pre-sale item", "item de pré-venda"),
}

HEADINGS = {
    "Sales": Text("Sales", "Vendas"),
    "Catalogue": Text("Catalogue", "Catálogo"),
}

COLUMNS = {
    "phone": Text("Phone", "Telefone"),
    "cpf": Text("CPF", "CPF"),
    "address": Text("Address", "Endereço"),
    "code": Text("Code", "Código"),
    "unit": Text("Unit", "Unidade"),
    "description": Text("Description", "Descrição"),
    "stock": Text("Stock", "Estoque"),
    "purchase_price": Text("Purchase price", "Preço de compra"),
    "sale_price": Text("Sale price", "Preço de venda"),
    "sale_type": Text("Sale type", "Tipo de venda"),
    "number": Text("Number", "Número"),
    "customer_id": Text("Customer", "Cliente"),
    "status": Text("Status", "Situação"),
    "total": Text("Total", "Total"),
    "discount": Text("Discount", "Desconto"),
    "notes": Text("Notes", "Observações"),
    "presale_id": Text("Pre-sale", "Pré-venda"),
    "product_id": Text("Product", "Produto"),
    "quantity": Text("Quantity", "Quantidade"),
    "unit_price": Text("Unit price", "Preço unitário"),
    "total_price": Text("Total price", "Preço total"),
}

HELP_TEXTS = (
    Text(
        "A Brazilian number with its area code, for example (11) 98765-4321.",
        "Um número brasileiro com DDD, por exemplo (11) 98765-4321.",
    ),
    Text(
        "With or without punctuation, for example 529.982.247-25. Kept as eleven digits.",
        "Com ou sem pontuação, por exemplo 529.982.247-25. Guardado com onze dígitos.",
    ),
    Text("What is counted: un, kg, box …", "O que se conta: un, kg, caixa …"),
    Text("Whole units on the shelf.", "Unidades inteiras na prateleira."),
    Text("retail, wholesale …", "varejo, atacado …"),
    Text(
        "What people say on the phone. Given by the database.",
        "O número que se diz ao telefone. Dado pelo banco de dados.",
    ),
    Text(
        "The sum of the lines less the discount, 0 while the discount is larger. Computed by the database.",
        "A soma dos itens menos o desconto, 0,00 enquanto o desconto for maior. Calculado pelo banco de dados.",
    ),
    Text(
        "Left empty, the product's sale price at this moment.",
        "Se ficar vazio, o preço de venda do produto neste momento.",
    ),
    Text(
        "Quantity × unit price, less the discount. Computed by the database.",
        "Quantidade × preço unitário, menos o desconto. Calculado pelo banco de dados.",
    ),
)

LABELS.update(TABLES | ROWS | HEADINGS | COLUMNS | {text.en: text for text in HELP_TEXTS})

VALUES.update(
    {
        "draft": Text("draft", "rascunho"),
        "pending": Text("pending", "pendente"),
        "approved": Text("approved", "aprovada"),
        "cancelled": Text("cancelled", "cancelada"),
        "converted": Text("converted", "convertida"),
    }
)
