"""What `search=` means: each typed word begins a word of the row. What words are, and the indexes: rules/search.sql."""

import re

from piccolo.querystring import QueryString

from backoffice.api.conditions import Condition, all_of
from crm.brazil import CPF_DIGITS, whole_phone

LARGEST_NUMBER = str(2**63 - 1)
MARKS = re.compile(r"^[\W_]+|[\W_]+$")  # around a word

# How what was typed is read, see rules/text.sql: as words alone, or with numbers that may be punctuated anyhow.
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
    """:param text: from which all words without digits are."""
    found, estimated = _begun(words, typed, read_as)
    return Condition(found, estimated, _checked(words, text, typed, read_as), unordered=True)


def _begun(words: str, typed: str, read_as: str) -> tuple[QueryString, QueryString]:
    """As an index finds them, and as the planner can tell how many there are."""
    # A planner who knows that most rows match would read them all, and take each apart.
    known = f"beginnings_query({read_as}({{}}))"
    begin = f"search_beginnings({words}) @@ "
    return QueryString(f"{begin}(SELECT {known})", typed), QueryString(begin + known, typed)


def _checked(words: str, text: str, typed: str, read_as: str) -> QueryString:
    # What was typed is read once for all rows, and most rows are told by their text without being taken apart.
    patterns, query = "(SELECT search_patterns({}))", f"(SELECT {read_as}({{}}))"
    return QueryString(f"fold({text}) LIKE ALL ({patterns}::text[]) AND {words} @@ {query}", typed, typed)


def search_presales(typed: str) -> Condition:
    """Each word begins the number, or a word of the customer's name. Signs between words mean nothing."""
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
    # Bounds, since whoever plans LIKE before it is known what is looked for cannot use the index.
    after = digits[:-1] + chr(ord(digits[-1]) + 1)
    numbered = QueryString("number::text ~>=~ {} AND number::text ~<~ {}", digits, after)
    # Few names have words that begin with a digit, so all of them are found before rows are looked at.
    found = QueryString("({} OR {})", numbered, _of_customers(word).found)
    return Condition(found, _numbered_in_ranges(digits), found, unordered=True)


def _numbered_in_ranges(digits: str) -> QueryString:
    """The same numbers, as the planner knows how many there are: 12, 120 to 129, 1200 to 1299 …"""
    first, tens = int(digits), [10**places for places in range(len(LARGEST_NUMBER) - len(digits))]
    ranges = [f"number BETWEEN {first * ten} AND {first * ten + ten - 1}" for ten in tens if not digits.startswith("0")]
    return QueryString(f"({' OR '.join(ranges or ['false'])})")


def _digits(word: str) -> str | None:
    """The number that the word begins, as in 12, #12 or (12); None for other words."""
    number = MARKS.sub("", word)
    return number if number.isascii() and number.isdigit() else None
