"""What goes on beside other work ends with it, and does not end unheard."""

import asyncio
import logging

import pytest

from backoffice.background import alongside


async def test_it_has_ended_afterwards() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    async with alongside("some work", work()):
        await begun.wait()
        assert not ended.is_set()
    assert ended.is_set()


async def test_its_failure_is_logged_at_once_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        raise ZeroDivisionError("unforeseen")

    with caplog.at_level(logging.ERROR):
        async with alongside("some work", work()):
            async with asyncio.timeout(10):
                while not caplog.records:
                    await asyncio.sleep(0)
    [record] = caplog.records
    assert record.getMessage() == "some work ended for good"
    assert record.exc_info
    assert isinstance(record.exc_info[1], ZeroDivisionError)
