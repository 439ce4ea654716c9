"""Scripts of SQL, statement by statement: where each ends, and what it creates or drops."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\* )
  | (?P<literal> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
               | \$(?P<tag>(?:[^\W\d]\w*)?)\$ .*? \$(?P=tag)\$ )
  | (?P<word> [^\W\d][\w$]* )
  | (?P<space> \s+ )
  | (?P<end> ; )
  | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
COMMENT_EDGE = re.compile(r"/\*|\*/")

NAME = r'(?:public\.)?"?(?P<name>\w+)"?'
KIND = r"(?P<kind>TYPE|FUNCTION|TRIGGER|INDEX|SEQUENCE|VIEW|TABLE|DOMAIN)"
CREATE = re.compile(
    rf"CREATE (?:OR REPLACE |UNIQUE |CONSTRAINT )*{KIND} (?P<concurrently>CONCURRENTLY )?(?:IF NOT EXISTS )?{NAME}",
    re.IGNORECASE,
)
DROP = re.compile(rf"DROP {KIND} (?:CONCURRENTLY )?(?:IF EXISTS )?{NAME}", re.IGNORECASE)
TRIGGER_TABLE = re.compile(r"\bON (?:public\.)?(\w+)", re.IGNORECASE)
LABELS = re.compile(r"AS ENUM ?\((.*)\)", re.IGNORECASE)
LABEL = re.compile(r"'((?:[^']|'')*)'")
CARE = re.compile(r" (?:OR REPLACE|CONCURRENTLY|IF NOT EXISTS)(?= )", re.IGNORECASE)
BODY_AS_TEXT = re.compile(r"^CREATE [\w ]*FUNCTION .* AS (?:'|\$)", re.IGNORECASE | re.DOTALL)
SIGNATURE = re.compile(
    r"FUNCTION \w+ ?(.*?) (?:LANGUAGE|AS|RETURN|BEGIN|IMMUTABLE|STABLE|VOLATILE|SET) ", re.IGNORECASE
)
EXECUTE = re.compile(
    r"(?:REVOKE|GRANT) (?:EXECUTE|ALL|ALL PRIVILEGES) ON (?:FUNCTION|ROUTINE) (.*) (FROM|TO) PUBLIC\b", re.IGNORECASE
)
ARGUMENTS = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
LAST_WORD = re.compile(r'(\w+)"? ?(?:,|$)')


@dataclass(frozen=True, order=True)
class Thing:
    """What a statement creates or drops; `name` is `table.trigger` for a trigger."""

    kind: str
    name: str


@dataclass(frozen=True)
class Statement:
    """One statement as it was written, with the comments before it, without its semicolon."""

    text: str

    @cached_property
    def bare(self) -> str:
        """On one line and without comments; literals, bodies in dollars included, stay as they are."""
        return "".join(_without_comments(self.text)).strip()

    @property
    def essence(self) -> str:
        """The text without OR REPLACE, CONCURRENTLY and the like."""
        return CARE.sub("", self.bare)

    @property
    def creates(self) -> Thing | None:
        return self._thing(CREATE)

    @property
    def drops(self) -> Thing | None:
        return self._thing(DROP)

    @property
    def concurrent(self) -> bool:
        return re.match(r"(?:CREATE|DROP|REINDEX)\b[\w ]* CONCURRENTLY ", self.bare, re.IGNORECASE) is not None

    @property
    def half_made(self) -> str | None:
        """The invalid index that is left behind when this is interrupted."""
        if rebuilt := re.match(r'REINDEX INDEX CONCURRENTLY "?(\w+)', self.bare, re.IGNORECASE):
            return f"{rebuilt[1]}_ccnew"  # as PostgreSQL calls it
        return self.creates.name if self.creates and self.creates.kind == "INDEX" else None

    @property
    def validates(self) -> bool:
        return re.match(r"ALTER TABLE .* VALIDATE CONSTRAINT ", self.bare, re.IGNORECASE) is not None

    @property
    def labels(self) -> list[str]:
        """The labels of the enum type that it creates."""
        found = LABELS.search(self.bare)
        return [label.replace("''", "'") for label in LABEL.findall(found[1])] if found else []

    @property
    def signature(self) -> str:
        """Arguments and result of the function that it creates: what CREATE OR REPLACE cannot change."""
        found = SIGNATURE.search(self.bare)
        return found[1] if found else ""

    @property
    def closes(self) -> list[str]:
        """The functions that it revokes from PUBLIC."""
        return self._let("FROM")

    @property
    def opens(self) -> list[str]:
        """Those that it grants to PUBLIC."""
        return self._let("TO")

    def _let(self, direction: str) -> list[str]:
        found = EXECUTE.match(self.bare)
        mine = found is not None and found[2].upper() == direction
        return LAST_WORD.findall(ARGUMENTS.sub("", found[1])) if found and mine else []

    @property
    def table(self) -> str:
        """The table of the trigger or index that it creates."""
        found = TRIGGER_TABLE.search(self.bare)
        return found[1] if found else ""

    @property
    def late_bound(self) -> bool:
        """True for a function whose body PostgreSQL only reads when it runs."""
        return self.creates is not None and re.search(r"LANGUAGE plpgsql\b", self.bare, re.IGNORECASE) is not None

    def relabelled(self, old: str, new: str) -> "Statement":
        """The statement as PostgreSQL shows it after a label was renamed. A body stored as text keeps the old name."""
        if BODY_AS_TEXT.search(self.bare):
            return self
        word = re.compile(rf"(?<!\w){re.escape(old)}(?!\w)")
        tokens = [(kind, text) for kind, text, _ in _tokens(self.text)]
        return Statement("".join(word.sub(lambda _: new, text) if kind == "literal" else text for kind, text in tokens))

    def concerns(self, kind: str, name: str) -> bool:
        """True when it names this thing of a catalog by kind and name, or creates or drops its table."""
        if kind == "privilege":
            function = name.removeprefix("EXECUTE on ")
            return function.partition("(")[0] in self.closes + self.opens or self.concerns("function", function)
        table, _, own = name.partition("(")[0].rpartition(".")
        said = rf'\b{kind} (?:CONCURRENTLY )?(?:IF (?:NOT )?EXISTS )?(?:"?public"?\.)?("?){re.escape(own)}\1(?!\w)'
        return re.search(said, self.bare, re.IGNORECASE) is not None or (
            Thing("TABLE", table) in (self.creates, self.drops)
        )

    def mentions(self, name: str) -> bool:
        return re.search(rf"(?<![\w.]){re.escape(name)}\b", self.bare) is not None

    def _thing(self, pattern: re.Pattern[str]) -> Thing | None:
        found = pattern.match(self.bare)
        if not found:
            return None
        kind = found["kind"].upper()
        return Thing(kind, f"{self.table}.{found['name']}" if kind == "TRIGGER" else found["name"])

    def __str__(self) -> str:
        *_, (kind, _, _) = _tokens(self.text)
        return f"{self.text}\n;" if kind == "comment" else f"{self.text};"


def statements(sql: str) -> list[Statement]:
    """The statements of a script; what follows the last semicolon counts when it is more than comments."""
    pieces = [Statement(piece.strip()) for piece in _pieces(sql)]
    return [statement for statement in pieces if statement.bare]


def _pieces(sql: str) -> Iterator[str]:
    begin, depth, previous = 0, 0, ""
    for kind, text, end in _tokens(sql):
        if kind == "word":
            depth, previous = _depth(depth, previous, text.upper()), text.upper()
        elif kind == "end" and depth == 0:
            yield sql[begin : end - 1]
            begin = end
    yield sql[begin:]


def _depth(depth: int, previous: str, word: str) -> int:
    """How many END are still to come: a body between BEGIN ATOMIC and END has semicolons of its own."""
    if (word == "ATOMIC" and previous == "BEGIN") or (word == "CASE" and depth):
        return depth + 1
    return depth - 1 if word == "END" and depth else depth


def _tokens(sql: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and end of each token."""
    position = 0
    while found := TOKEN.match(sql, position):
        kind = "literal" if found.lastgroup == "tag" else str(found.lastgroup)
        end = _end_of_comment(sql, found.end()) if found[0] == "/*" else found.end()
        yield kind, sql[position:end], end
        position = end


def _end_of_comment(sql: str, position: int) -> int:
    """Comments nest."""
    depth = 1
    while depth:
        edge = COMMENT_EDGE.search(sql, position)
        if edge is None:
            return len(sql)
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return position


def _without_comments(sql: str) -> Iterator[str]:
    blank = True
    for kind, text, _ in _tokens(sql):
        if kind not in ("comment", "space"):
            blank = False
            yield text
        elif not blank:
            blank = True
            yield " "
