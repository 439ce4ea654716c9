"""The messages of the rules about customers, products and pre-sales. Importing this module registers them."""

from backoffice.problem_words import BLANK, EMAIL_INVALID, TIMES_OUT_OF_RANGE
from backoffice.words import (
    CONSTRAINTS,
    PROBLEMS,
    VALUE_ERRORS,
    ConstraintWords,
    ProblemWords,
    Text,
    check,
    missing_reference,
    same_id,
    unique,
)

PROBLEMS.update(
    {
        "invalid_transition": ProblemWords(
            409,
            Text("Not possible now", "Não é possível agora"),
            Text("The pre-sale cannot go there from where it is.", "A pré-venda não pode passar a esta situação."),
        ),
        "no_items": ProblemWords(
            409,
            Text("No items", "Sem itens"),
            Text("Add at least one item first.", "Inclua pelo menos um item primeiro."),
        ),
        "discount_exceeds_sum": ProblemWords(
            409,
            Text("Discount too large", "Desconto grande demais"),
            Text("The discount is more than the items cost.", "O desconto é maior que a soma dos itens."),
        ),
        "presale_locked": ProblemWords(
            409,
            Text("Pre-sale locked", "Pré-venda bloqueada"),
            Text(
                "This pre-sale can no longer be changed like this.", "Esta pré-venda não pode mais ser alterada assim."
            ),
        ),
        "insufficient_stock": ProblemWords(
            409,
            Text("Too little stock", "Estoque insuficiente"),
            Text("There is too little stock.", "O estoque é insuficiente."),
        ),
        "idempotency_key_reused": ProblemWords(
            422,
            Text("Key already used", "Chave já usada"),
            Text(
                "This Idempotency-Key was used for another body.",
                "Esta Idempotency-Key já foi usada com outro conteúdo.",
            ),
        ),
    }
)

CPF_INVALID = Text("This is not a valid CPF. Please check its digits.", "Este CPF não é válido. Confira os dígitos.")
PHONE_INVALID = Text(
    "This is not a Brazilian phone number with its area code, such as (11) 98765-4321.",
    "Isto não é um telefone brasileiro com DDD, como (11) 98765-4321.",
)

VALUE_ERRORS.update(
    {
        "cpf": CPF_INVALID,
        "phone": PHONE_INVALID,
        "new_presale_not_draft": Text("A new pre-sale starts as a draft.", "Uma nova pré-venda começa como rascunho."),
    }
)


def _amount(what: Text) -> Text:
    return Text(f"{what.en} must be at least 0.", f"{what.pt} deve ser no mínimo 0.")


CONSTRAINTS.update(
    {
        "customers_cpf_key": unique(
            "cpf", Text("Another customer has this CPF.", "Já existe um cliente com este CPF.")
        ),
        "customers_name_not_blank": check("name", BLANK),
        "customers_email_valid": check("email", EMAIL_INVALID),
        "customers_phone_valid": check("phone", PHONE_INVALID),
        "customers_cpf_valid": check("cpf", CPF_INVALID),
        "customers_times_in_range": TIMES_OUT_OF_RANGE,
        "products_code_key": unique(
            "code", Text("Another product has this code.", "Já existe um produto com este código.")
        ),
        "products_code_not_blank": check("code", BLANK),
        "products_name_not_blank": check("name", BLANK),
        "products_stock_not_negative": check("stock", _amount(Text("The stock", "O estoque"))),
        "products_purchase_price_not_negative": check(
            "purchase_price", _amount(Text("The purchase price", "O preço de compra"))
        ),
        "products_sale_price_not_negative": check("sale_price", _amount(Text("The sale price", "O preço de venda"))),
        "products_times_in_range": TIMES_OUT_OF_RANGE,
        "presales_number_key": unique(
            "number", Text("Another pre-sale has this number.", "Já existe uma pré-venda com este número.")
        ),
        "presales_discount_not_negative": check("discount", _amount(Text("The discount", "O desconto"))),
        "presales_total_not_negative": check("total", _amount(Text("The total", "O total"))),
        "presales_times_in_range": TIMES_OUT_OF_RANGE,
        "presales_customer_id_fkey": missing_reference(
            "customer_id", Text("There is no such customer.", "Este cliente não existe.")
        ),
        "presales_customer_id_fkey:delete": ConstraintWords(
            code="still_referenced",
            says=Text(
                "This customer has pre-sales and cannot be deleted.",
                "Este cliente tem pré-vendas e não pode ser excluído.",
            ),
        ),
        "presales_locked": ConstraintWords(
            code="presale_locked",
            says=Text(
                "This pre-sale is {value:word}. "
                "Customer, discount and items change only in a draft, notes until it is converted or cancelled.",
                "Esta pré-venda está {value:word}. "
                "Cliente, desconto e itens só mudam em rascunho; observações, até a conversão ou o cancelamento.",
            ),
        ),
        "presales_kept": ConstraintWords(
            code="presale_locked",
            says=Text(
                "This pre-sale is {value:word}. Only drafts and cancelled pre-sales can be deleted.",
                "Esta pré-venda está {value:word}. Só rascunhos e pré-vendas canceladas podem ser excluídos.",
            ),
        ),
        "presales_transition": ConstraintWords(
            code="invalid_transition",
            field="status",
            says=Text(
                "A pre-sale that is {from:word} cannot become {to:word}. Possible from here: {allowed:word}.",
                "A situação não pode passar de {from:word} a {to:word}. Possível agora: {allowed:word}.",
            ),
        ),
        "presales_transition:already": ConstraintWords(
            code="invalid_transition",
            field="status",
            says=Text(
                "This pre-sale is already {to:word}. Possible from here: {allowed:word}.",
                "Esta pré-venda já está {to:word}. Possível agora: {allowed:word}.",
            ),
        ),
        "presales_no_items": ConstraintWords(
            code="no_items",
            field="items",
            says=Text("A pre-sale without items cannot be submitted.", "Uma pré-venda sem itens não pode ser enviada."),
        ),
        "presales_discount_exceeds_sum": ConstraintWords(
            code="discount_exceeds_sum",
            field="discount",
            says=PROBLEMS["discount_exceeds_sum"].detail,
        ),
        "presales_stock": ConstraintWords(
            code="insufficient_stock",
            field="items",
            says=Text("There is too little stock of: {names}.", "Estoque insuficiente de: {names}."),
            each=Text("{name}: {needed} needed, {stock} in stock.", "{name}: necessário {needed}, em estoque {stock}."),
        ),
        "presale_items_presale_id_fkey": missing_reference(
            "presale_id", Text("There is no such pre-sale.", "Esta pré-venda não existe.")
        ),
        "presale_items_product_id_fkey": missing_reference(
            "product_id", Text("There is no such product.", "Este produto não existe.")
        ),
        "presale_items_product_id_fkey:delete": ConstraintWords(
            code="still_referenced",
            says=Text(
                "This product is part of pre-sales and cannot be deleted.",
                "Este produto faz parte de pré-vendas e não pode ser excluído.",
            ),
        ),
        "presale_items_quantity_positive": check(
            "quantity", Text("The quantity must be more than 0.", "A quantidade deve ser maior que 0.")
        ),
        "presale_items_unit_price_not_negative": check(
            "unit_price", _amount(Text("The unit price", "O preço unitário"))
        ),
        "presale_items_discount_not_negative": check("discount", _amount(Text("The discount", "O desconto"))),
        "presale_items_discount_within_line": check(
            "discount",
            Text("The discount is more than this item costs.", "O desconto é maior que o valor deste item."),
        ),
        "customers_pkey": same_id(Text("A customer", "um cliente")),
        "products_pkey": same_id(Text("A product", "um produto")),
        "presales_pkey": same_id(Text("A pre-sale", "uma pré-venda")),
        "presale_items_pkey": same_id(Text("An item", "um item")),
        "presale_births_pkey": same_id(Text("A pre-sale", "uma pré-venda")),
        "idempotency_keys_pkey": same_id(Text("An Idempotency-Key", "uma Idempotency-Key")),
        "idempotency_keys_user_id_key": ConstraintWords(
            code="idempotency_key_reused",
            field="Idempotency-Key",
            says=PROBLEMS["idempotency_key_reused"].detail,
        ),
        "idempotency_keys_user_id_fkey": missing_reference(
            "user_id", Text("There is no such user.", "Este usuário não existe.")
        ),
    }
)
