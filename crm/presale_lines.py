"""The lines of a pre-sale, as they are sent with it, and all at once."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from piccolo.querystring import QueryString
from pydantic import TypeAdapter, ValidationError, create_model

from backoffice.problems import Problem, field_errors
from backoffice.schemas import input_models
from crm import examples
from crm.tables import Presale, PresaleItem

_item, _ = input_models(PresaleItem, owned=frozenset({"id", "presale_id", "total_price"}), examples=examples.LINE)
Line: Any = create_model("Line", __base__=_item, __doc__="A line of a pre-sale that is sent with it.")
Lines: Any = list[Line]
_lines = TypeAdapter(Lines)

Values = Sequence[Mapping[str, Any]]


def read_lines(data: Any) -> Values:
    """:raises Problem: validation_error, naming fields as in `1.quantity`."""
    try:
        return [line.model_dump(exclude_unset=True) for line in _lines.validate_python(data)]
    except ValidationError as error:
        raise Problem("validation_error", errors=field_errors(error.errors(include_url=False))) from error


def _columns(lines: Values) -> list[list[Any]]:
    columns = [[line.get(name) for line in lines] for name in ("product_id", "quantity", "unit_price")]
    return [*columns, [line.get("discount", Decimal(0)) for line in lines]]


async def insert_lines(presale_id: UUID, lines: Values) -> None:
    """Adds the lines in one statement. Their ids rise in the order given, which is the order they are shown in."""
    await Presale._meta.db.run_querystring(
        QueryString(
            "INSERT INTO presale_items (presale_id, id, product_id, quantity, unit_price, discount) "
            "SELECT {}, * FROM unnest({}::uuid[], {}::uuid[], {}::numeric[], {}::numeric[], {}::numeric[])",
            presale_id,
            sorted(uuid4() for _ in lines),
            *_columns(lines),
        )
    )


async def has_lines(presale_id: UUID, lines: Values) -> bool:
    """Whether just these are its lines already, in this order; a price left out means that of the product now."""
    same = await Presale._meta.db.run_querystring(
        QueryString(
            """
            SELECT (SELECT array_agg(ROW (product_id, quantity, unit_price, discount) ORDER BY id)
                    FROM presale_items WHERE presale_id = {})
                IS NOT DISTINCT FROM
                   (SELECT array_agg(ROW (product_id, quantity, coalesce(unit_price, sale_price), discount) ORDER BY n)
                    FROM unnest({}::uuid[], {}::numeric[], {}::numeric[], {}::numeric[])
                         WITH ORDINALITY AS sent (product_id, quantity, unit_price, discount, n)
                    LEFT JOIN products ON products.id = product_id) AS same
            """,
            presale_id,
            *_columns(lines),
        )
    )
    return bool(same[0]["same"])


async def replace_lines(presale_id: UUID, lines: Values) -> None:
    if await has_lines(presale_id, lines):
        return
    await PresaleItem.delete().where(PresaleItem.presale_id == presale_id)
    if lines:
        await insert_lines(presale_id, lines)
