"""The methods of HTTP: which there are, which of them change nothing, and HEAD wherever there is GET."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}


class HeadAsGet:
    """Answers HEAD as GET, without the body. FastAPI has no such routes, and would describe each one if it had."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        copy = {**scope, "method": "GET"}
        try:
            await self.app(copy, receive, send_without_body)
        finally:
            scope.update({key: copy[key] for key in ("route", "mount", "user") if key in copy})
