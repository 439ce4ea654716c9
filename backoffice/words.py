"""The product's texts, in English and in Brazilian Portuguese: messages of refusals, and labels on the screen."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Language = Literal["en", "pt"]


class Text(NamedTuple):
    en: str
    pt: str


@dataclass(frozen=True)
class ProblemWords:
    """The title of a kind of problem, and the sentence for it where nothing more is known."""

    status: int
    title: Text
    detail: Text


@dataclass(frozen=True, kw_only=True)
class ConstraintWords:
    """The explanation of a violation of this constraint of the database.

    :param code: the code of the problem.
    :param field: the field of the request that is to blame, if it is one.
    :param says: the sentence. May name the parameters that a rule raised with, see `translate`.
    :param each: for a rule that raised a list: the sentence about one of its members.
    """

    code: str
    says: Text
    field: str | None = None
    each: Text | None = None


def check(field: str, says: Text) -> ConstraintWords:
    return ConstraintWords(code="check_violation", says=says, field=field)


def unique(field: str, says: Text) -> ConstraintWords:
    return ConstraintWords(code="unique_violation", says=says, field=field)


def same_id(one: Text) -> ConstraintWords:
    """:param one: with its article, as in `A user`, `um usuário`."""
    return unique("id", Text(f"{one.en} with this id exists already.", f"Já existe {one.pt} com este identificador."))


def missing_reference(field: str, says: Text) -> ConstraintWords:
    return ConstraintWords(code="foreign_key_violation", says=says, field=field)


# Messages of refusals: of whole problems by their codes, of the database's constraints by their names, of values by
# pydantic's types of errors. Each app registers its own; those of any back office are in problem_words.py.
PROBLEMS: dict[str, ProblemWords] = {}
CONSTRAINTS: dict[str, ConstraintWords] = {}
VALUE_ERRORS: dict[str, Text] = {}

NOTHING = Text("nothing", "nada")  # in place of an empty list

# Values that are translated, such as the status of a pre-sale.
VALUES: dict[str, Text] = {"True": Text("yes", "sim"), "False": Text("no", "não")}

# Labels on the screen, of tables, columns, headings and the explanations beside them. Each app registers its own.
LABELS: dict[str, Text] = {
    "name": Text("Name", "Nome"),
    "email": Text("E-mail", "E-mail"),
    "created_at": Text("Created", "Criado em"),
    "updated_at": Text("Last changed", "Alterado em"),
    "Kept by the database.": Text("Kept by the database.", "Mantido pelo banco de dados."),
}


def label(name: str, language: Language) -> str:
    """The label on the screen for a name of the code, or for an English text."""
    return translate(LABELS[name], language) if name in LABELS else name.replace("_", " ").strip()


def word(value: object, language: Language) -> str:
    """The text on the screen for a value of the code; other values as they are."""
    return translate(VALUES[str(value)], language) if str(value) in VALUES else str(value)


def translate(text: Text, language: Language, **parameters: object) -> str:
    """The sentence in that language, with the parameters in it; those that it marks, as in `{status:word}`, translated.

    :raises KeyError: for a parameter that the sentence has and nobody gave.
    """
    spoken = {name: _Parameter(value, language) for name, value in parameters.items()}
    return (text.pt if language == "pt" else text.en).format_map(spoken)


@dataclass(frozen=True)
class _Parameter:
    """One value, or a list of them."""

    value: object
    language: Language

    def __format__(self, spec: str) -> str:
        if self.value == []:
            return translate(NOTHING, self.language)
        values = self.value if isinstance(self.value, list) else [self.value]
        return ", ".join(word(value, self.language) if spec == "word" else str(value) for value in values)
