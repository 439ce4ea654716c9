"""Requests that no decent client would send, straight into the application."""

from dataclasses import dataclass
from urllib.parse import unquote

import httpx
from starlette.types import ASGIApp, Message, Scope

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Raw:
    """Somebody who sends bytes as they are.

    :param headers: those of every request.
    """

    app: ASGIApp
    headers: Headers

    async def send(
        self, method: str, path: str, *, query: bytes = b"", headers: Headers | None = None, body: bytes = b""
    ) -> httpx.Response:
        sent = await self._exchange(
            self._scope(method, path, query, headers), [{"type": "http.request", "body": body, "more_body": False}]
        )
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=content)

    async def leave(self, method: str, path: str, *begin: bytes) -> list[Message]:
        """Goes when a part of the body was sent, or none. What is answered all the same."""
        parts: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in begin]
        return await self._exchange(self._scope(method, path), [*parts, {"type": "http.disconnect"}])

    def _scope(self, method: str, path: str, query: bytes = b"", headers: Headers | None = None) -> Scope:
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query,
            "headers": [*self.headers, *(headers or [])],
            "client": ("192.0.2.7", 50000),
            "server": ("flowcrm.example", 80),
        }

    async def _exchange(self, scope: Scope, received: list[Message]) -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            return received.pop(0) if len(received) > 1 else received[0]

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        return sent


def raw_of(app: ASGIApp, client: httpx.AsyncClient) -> Raw:
    """The same person as this client, with worse manners: with the same token, or the same cookies."""
    sent = client.build_request("GET", "/").headers
    known = [
        (name.encode(), sent[name].encode()) for name in ("authorization", "cookie", "x-csrftoken") if name in sent
    ]
    return Raw(app, [(b"host", b"flowcrm.example"), *known])
