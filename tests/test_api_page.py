"""Every request on the page for integrators gets the answer that stands below it."""

import json
import re
from dataclasses import dataclass, field
from email import message_from_string
from typing import Any

import httpx
from markdown_it import MarkdownIt

from backoffice.settings import ROOT
from tests.support.cast import Cast

PAGE = ROOT / "docs" / "api.md"
# What every database makes anew: ids, ETags, session tokens. The page's own stand for those of this run.
MADE_ANEW = re.compile(r"(?<![\w-])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[\w-]{43})(?![\w-])")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+")


def examples() -> list[tuple[str, str]]:
    """Pairs of a request and its answer."""
    blocks = [token.content for token in MarkdownIt().parse(PAGE.read_text()) if token.info == "http"]
    assert len(blocks) % 2 == 0
    return list(zip(blocks[::2], blocks[1::2], strict=True))


def parts(block: str) -> tuple[str, dict[str, str], str]:
    """First line, headers, body."""
    first, _, rest = block.partition("\n")
    message = message_from_string(rest)
    return first, dict(message.items()), str(message.get_payload()).strip()


@dataclass
class Reader:
    """Somebody who follows the page from top to bottom."""

    client: httpx.AsyncClient
    known: dict[str, str] = field(default_factory=dict)

    async def follows(self, request: str, answer: str) -> None:
        first, headers, body = parts(MADE_ANEW.sub(lambda found: self.known[found[0]], request))
        method, _, address = first.partition(" ")
        got = await self.client.request(method, address, headers=headers, content=body.encode())
        status_line, headers, body = parts(answer)
        assert f"HTTP/1.1 {got.status_code} {got.reason_phrase}" == status_line, got.text
        for name, value in headers.items():
            self.sees(value, got.headers[name])
        self.sees(json.loads(body), got.json())

    def sees(self, shown: Any, got: Any) -> None:
        """All that is shown is there; an object may have more."""
        if isinstance(shown, dict):
            assert shown.keys() <= got.keys()
            for name, value in shown.items():
                self.sees(value, got[name])
        elif isinstance(shown, list):
            for one, other in zip(shown, got, strict=True):
                self.sees(one, other)
        elif isinstance(shown, str):
            self.sees_text(shown, got)
        else:
            assert shown == got

    def sees_text(self, shown: str, got: str) -> None:
        for name, value in zip(MADE_ANEW.findall(shown), MADE_ANEW.findall(got), strict=True):
            assert self.known.setdefault(name, value) == value
        assert self.comparable(shown) == self.comparable(got)

    @staticmethod
    def comparable(text: str) -> str:
        return TIME.sub("(a time)", MADE_ANEW.sub("(made anew)", text))


async def test_the_page_for_integrators_tells_the_truth(cast: Cast) -> None:
    log_in, *sale = examples()
    reader = Reader(cast.stranger)
    await reader.follows(*log_in)
    reader.client.cookies.clear()
    token = json.loads(parts(log_in[1])[2])["token"]
    reader.client.headers["Authorization"] = f"Bearer {reader.known[token]}"
    for request, answer in sale:
        await reader.follows(request, answer)
