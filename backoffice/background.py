"""Work that goes on beside other work."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def alongside(name: str, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Inside, this goes on; afterwards it is cancelled, and has ended. If it fails before, that is logged at once."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_tell)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.error("%s ended for good", task.get_name(), exc_info=error)
