"""HTTP connections: heads of requests are limited in size and time, and a shutdown cuts no request off.

Both are what uvicorn leaves to a proxy.
"""

import asyncio
from collections import deque
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES = 64 * 1024  # without the chunk in which it begins; of trailers, too
HEAD_SECONDS = 30  # for the first to begin, and for each head to arrive
LINGER_SECONDS = 1  # for a request sent just as we shut down

TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class HTTPConnection(HttpToolsProtocol):
    """uvicorn's protocol, which also closes the connection when a head does not end, and after the last answer."""

    _is_in_message = False
    _is_counted = False  # whether the chunk that is being read belongs to a head, or to trailers, from its first byte
    _head_bytes = 0
    _late: asyncio.TimerHandle | None = None
    _is_last = False  # whether the next answer is the last

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._unanswered: deque[RequestResponseCycle] = deque()  # in their order

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._be_patient()
        for cycle in self._unanswered:  # of pipelined requests, uvicorn tells only the last
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._is_counted = True
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._is_answering():
            self._expect_head()
        if self._is_in_message and self._is_counted:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse()

    def on_message_begin(self) -> None:
        self._is_in_message, self._is_counted, self._head_bytes = True, False, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_counted, self._head_bytes = False, 0
        self._be_patient()
        super().on_headers_complete()
        if self._is_last and self.cycle is not None:
            self.cycle.keep_alive = False
        while self._unanswered and self._unanswered[0].response_complete:
            self._unanswered.popleft()
        self._unanswered.append(self.cycle)

    def on_body(self, body: bytes) -> None:
        self._is_counted = False
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_message = False
        super().on_message_complete()

    def shutdown(self) -> None:
        """Closes the connection, but an idle one later than uvicorn, which would cut off a request on its way to us."""
        self._is_last = True
        if self._is_answering():
            super().shutdown()
        else:
            self.loop.call_later(LINGER_SECONDS, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if not self._is_answering():
            self.transport.close()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_head(self) -> None:
        self._late = self._late or self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _be_patient(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self) -> None:
        if not self._is_answering():  # or this would be taken for the answer to the request before
            self.transport.write(TOO_LARGE)
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Logs nothing: an Upgrade is answered in HTTP, and there is nothing to install, as uvicorn would advise."""
