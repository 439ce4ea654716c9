"""The lines of a pre-sale, when sent with it or replaced all at once."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import cache, partial
from typing import Annotated, Any
from uuid import UUID, uuid4

import asyncpg
from pydantic import (
    FailFast,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from uuid_utils.compat import uuid7

from backoffice.api.crud import CRUD
from backoffice.api.schemas import input_models
from backoffice.api.selects import Details, insert_sql
from backoffice.database.engine import the_engine
from backoffice.database.errors import explain
from backoffice.problems import FieldError, Problem, field_errors
from crm import examples
from crm.tables import Presale, PresaleItem

MAX_FIELDS = 100  # of a line
MAX_EXPLAINED_FIELDS = 20_000  # of all lines together; an empty line counts as one field
MONEY_LIMIT = Decimal("99999999.995")  # from here on, rounding exceeds decimal(10,2)

A_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_item, _ = input_models(
    PresaleItem, server_managed=frozenset({"id", "presale_id", "total_price"}), examples=examples.LINE
)
Line: Any = create_model("Line", __base__=_item, __doc__="A line of a pre-sale that is sent with it.")
_at_the_first_mistake = TypeAdapter(Annotated[list[Line], FailFast()])


def _validate_lines(lines: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Validates lines; in a very long list it reports only the first error, as all would block for over a second."""
    if not isinstance(lines, list):
        return validate(lines)
    sizes = [max(1, len(line)) if isinstance(line, dict) else 1 for line in lines]
    if max(sizes, default=0) > MAX_FIELDS:
        raise PydanticCustomError("too_many_fields", "")
    return validate(lines) if sum(sizes) <= MAX_EXPLAINED_FIELDS else _at_the_first_mistake.validate_python(lines)


Lines: Any = Annotated[list[Line], WrapValidator(_validate_lines)]
_lines = TypeAdapter(Lines)

Values = Sequence[Mapping[str, Any]]


async def prepare_line(request: Request, values: dict[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """Gives a new line an id larger than earlier ones; another product comes at its own price, unless one is sent."""
    if old is None:
        return {"id": uuid7(), **values}
    other = str(values.get("product_id", old["product_id"])) != old["product_id"]
    return {"unit_price": None, **values} if other else values


async def line_in_words(line: Mapping[str, str], written: Callable[[Decimal], str]) -> str:
    """For example: CAF-1000 - Coffee, 2.000 × 54.00 − 8.00 = 100.00; and what the whole pre-sale costs now."""
    total = await the_engine().fetch_value("SELECT total FROM presales WHERE id = $1", UUID(line["presale_id"]))
    less = f" − {line['discount']}" if line["discount"].strip("0.,") else ""
    price = f"{line['quantity']} × {line['unit_price']}{less} = {line['total_price']}"
    return f"{line['product_id_readable']}, {price}\nTotal: {written(total)}"


def read_lines(data: Any) -> Values:
    """:raises Problem: validation_error, naming fields as in `1.quantity`."""
    try:
        return [line.model_dump(exclude_unset=True) for line in _lines.validate_python(data)]
    except ValidationError as error:
        raise Problem("validation_error", errors=field_errors(error.errors(include_url=False))) from error


def _columns(lines: Values) -> list[list[Any]]:
    columns = [[line.get(name) for line in lines] for name in ("product_id", "quantity", "unit_price")]
    return [*columns, [line.get("discount", Decimal(0)) for line in lines]]


def _ids(lines: Values) -> list[UUID]:
    """New ids, ascending in the order given, which is the order in which lines are shown."""
    return sorted(uuid7() for _ in lines)


async def insert_lines(presale_id: UUID, lines: Values) -> None:
    """Adds the lines in one statement."""
    ids = _ids(lines)
    with blaming_the_line(ids, lines):
        await the_engine().fetch_value(_lines_sql(2), presale_id, ids, *_columns(lines))


async def insert_with_lines(crud: CRUD, request: Request, values: Mapping[str, Any], lines: Values) -> tuple[UUID, str]:
    """Inserts a pre-sale with its lines in one statement. Returns its id and its row as JSON text.

    :raises Problem: see `CRUD.write`.
    """
    presale_id, ids = uuid4(), _ids(lines)
    make = partial(_with_lines_sql, crud.store.details, ("id", *values))
    with blaming_the_line(ids, lines, within="items."):
        row = await crud.write(request, "create", make, presale_id, *values.values(), ids, *_columns(lines))
    return presale_id, str(row)


@contextmanager
def blaming_the_line(ids: Sequence[UUID], lines: Values, *, within: str = "") -> Iterator[None]:
    """Turns the fields of a database error into fields of the body, as in `items.1.discount`.

    PostgreSQL's error names the line by its id or by the missing product. For a number out of range it names nothing:
    when no line is too large, the total must be.
    """
    try:
        yield
    except asyncpg.NumericValueOutOfRangeError as error:
        large = [place for place, line in enumerate(lines) if _is_too_large(line)]
        errors = [FieldError(f"{within}{place}.total_price", "out_of_range") for place in large]
        raise Problem("out_of_range", errors=errors or [FieldError("total", "out_of_range")]) from error
    except asyncpg.IntegrityConstraintViolationError as error:
        problem, named = explain(error), A_UUID.search(error.detail or "")
        keys = [(id, line["product_id"]) for id, line in zip(ids, lines, strict=True)]
        places = [place for place, key in enumerate(keys) if named and UUID(named[0]) in key]
        if problem is None or error.table_name != PresaleItem._meta.tablename or not places:
            raise
        problem.errors = [replace(wrong, field=f"{within}{places[0]}.{wrong.field}") for wrong in problem.errors]
        raise problem from error


def _is_too_large(line: Mapping[str, Any]) -> bool:
    """True when total_price is out of range; not known without unit_price, then False."""
    price, discount = line.get("unit_price") or Decimal(0), line.get("discount", Decimal(0))
    return bool(line["quantity"] * price - discount >= MONEY_LIMIT)


@cache
def _with_lines_sql(details: Details, names: tuple[str, ...], condition: str) -> dict[str, str]:
    """The lines come first, all of them, so that the pre-sale knows its total at birth and nothing changes it later.

    They are called as their table is, so that the row finds them, which the statement itself cannot see in the table.
    """
    after = f"{condition} AND (SELECT count(*) FROM presale_items) > 0"
    return {
        "presale_items": f"{_lines_sql(len(names) + 1)} WHERE {condition} RETURNING *",
        "change": insert_sql(Presale, details, names, after),
    }


def _lines_sql(first: int) -> str:
    """Their pre-sale is $1.

    :param first: the number of the first of five parameters more.
    """
    types = ("uuid", "uuid", "numeric", "numeric", "numeric")
    columns = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(types, first))
    return (
        "INSERT INTO presale_items (presale_id, id, product_id, quantity, unit_price, discount) "
        f"SELECT $1::uuid, line.* FROM unnest({columns}) AS line"
    )


async def has_lines(presale_id: UUID, lines: Values) -> bool:
    """True when it has exactly these lines in this order; a price left out means the product's current one."""
    same = await the_engine().fetch_value(
        """
        SELECT (SELECT array_agg(ROW (product_id, quantity, unit_price, discount) ORDER BY id)
                FROM presale_items WHERE presale_id = $1)
            IS NOT DISTINCT FROM
               (SELECT array_agg(ROW (product_id, quantity, coalesce(unit_price, sale_price), discount) ORDER BY n)
                FROM unnest($2::uuid[], $3::numeric[], $4::numeric[], $5::numeric[])
                     WITH ORDINALITY AS sent (product_id, quantity, unit_price, discount, n)
                LEFT JOIN products ON products.id = product_id)
        """,
        presale_id,
        *_columns(lines),
    )
    return bool(same)


async def replace_lines(presale_id: UUID, lines: Values) -> None:
    if await has_lines(presale_id, lines):
        return
    await PresaleItem.delete().where(PresaleItem.presale_id == presale_id)
    if lines:
        await insert_lines(presale_id, lines)
