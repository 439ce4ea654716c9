"""The condition of `search=`: each typed word is a prefix of a word of the row.

For the words see backoffice/rules/search.sql, for the indexes on them rules/search.sql.
"""

import re

from piccolo.querystring import QueryString

from backoffice.api.conditions import Condition, all_of
from crm.brazil import CPF_DIGITS, whole_phone

MAX_NUMBER_DIGITS = len(str(2**63 - 1))
MARKS = re.compile(r"^[\W_]+|[\W_]+$")  # around a word

# SQL functions that parse the typed text: as words alone, or with numbers in any punctuation.
WORDS = "words_query"
WORDS_AND_NUMBERS = "search_query"


def search_customers(typed: str) -> Condition:
    words = "customer_words(name, email, cpf, phone)"
    may_be_cpf = len(re.sub(r"\D", "", typed)) <= CPF_DIGITS and "xx" not in typed.lower()
    sought = None if may_be_cpf else whole_phone(typed)
    return _with_words(words, "name || ' ' || email", sought or typed, read_as=WORDS_AND_NUMBERS)


def search_products(typed: str) -> Condition:
    text = "code || ' ' || name || ' ' || coalesce(description, '')"
    return _with_words(f"search_words({text})", text, typed, read_as=WORDS)


def _with_words(words: str, text: str, typed: str, *, read_as: str) -> Condition:
    """:param text: the SQL text that has all words without digits."""
    found, estimated = _begun(words, typed, read_as)
    return Condition(found, estimated, _checked(words, text, typed, read_as), unordered=True)


def _begun(words: str, typed: str, read_as: str) -> tuple[QueryString, QueryString]:
    """The condition in two forms: for the index, and for the planner's estimate of the row count."""
    # If the planner knew that most rows match, it would scan the table and parse every row.
    known = f"beginnings_query({read_as}({{}}))"
    begin = f"search_beginnings({words}) @@ "
    return QueryString(f"{begin}(SELECT {known})", typed), QueryString(begin + known, typed)


def _checked(words: str, text: str, typed: str, read_as: str) -> QueryString:
    # The typed text is parsed once for all rows; LIKE rejects most rows without parsing their words.
    patterns, query = "(SELECT search_patterns({}))", f"(SELECT {read_as}({{}}))"
    return QueryString(f"fold({text}) LIKE ALL ({patterns}::text[]) AND {words} @@ {query}", typed, typed)


def search_presales(typed: str) -> Condition:
    """Each word is a prefix of the number or of a word of the customer's name. Signs between words are ignored."""
    typed_words = list(dict.fromkeys(typed.split()))
    words = [word for word in typed_words if MARKS.sub("", word)] or typed_words
    names = " ".join(word for word in words if _digits(word) is None)
    conditions = [_of_customers(names)] if names else []
    conditions += [_numbered_or_of_customers(word, digits) for word in words if (digits := _digits(word))]
    return all_of(*conditions)


def has_number(typed: str) -> bool:
    """Whether any of the words is a number."""
    return any(_digits(word) for word in typed.split())


def _of_customers(names: str) -> Condition:
    words = "search_words(name)"
    found, estimated = _begun(words, names, WORDS)
    return Condition(
        QueryString("customer_id = ANY (ARRAY(SELECT id FROM customers WHERE {}))", found),
        QueryString("customer_id IN (SELECT id FROM customers WHERE {})", estimated),
        QueryString(
            "(SELECT {} FROM customers WHERE customers.id = customer_id)", _checked(words, "name", names, WORDS)
        ),
        unordered=True,
    )


def _numbered_or_of_customers(word: str, digits: str) -> Condition:
    # Bounds instead of LIKE: a generic plan, made before the value is known, cannot use the index for LIKE.
    after = digits[:-1] + chr(ord(digits[-1]) + 1)
    numbered = QueryString("number::text ~>=~ {} AND number::text ~<~ {}", digits, after)
    # Few names have words that begin with a digit, so all of them are found before rows are looked at.
    found = QueryString("({} OR {})", numbered, _of_customers(word).found)
    return Condition(found, _numbered_in_ranges(digits), found, unordered=True)


def _numbered_in_ranges(digits: str) -> QueryString:
    """The same numbers as ranges, which the planner can estimate: 12, 120 to 129, 1200 to 1299 …"""
    first, tens = int(digits), [10**places for places in range(MAX_NUMBER_DIGITS - len(digits))]
    ranges = [f"number BETWEEN {first * ten} AND {first * ten + ten - 1}" for ten in tens if not digits.startswith("0")]
    return QueryString(f"({' OR '.join(ranges or ['false'])})")


def _digits(word: str) -> str | None:
    """The digits of a word such as 12, #12 or (12); None for other words."""
    number = MARKS.sub("", word)
    return number if number.isascii() and number.isdigit() else None
