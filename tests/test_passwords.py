"""How passwords are hashed, verified, and kept from slowing anybody down."""

import asyncio
import time

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from accounts import passwords
from accounts.passwords import hash_password, needs_rehash, verify_password


@pytest.fixture
def effort(monkeypatch: pytest.MonkeyPatch, true_hasher: PasswordHasher) -> None:
    """As in the product; other tests hash at little effort."""
    monkeypatch.setattr(passwords, "_hasher", true_hasher)


class TestHashing:
    @pytest.mark.usefixtures("effort")
    async def test_a_hash_is_argon2id_salted_and_costly(self) -> None:
        one, other = await hash_password("correct horse"), await hash_password("correct horse")
        made = extract_parameters(one)
        assert (made.type, made.memory_cost >= 2**16, made.time_cost >= 3) == (Type.ID, True, True)
        assert one != other

    async def test_only_the_right_password_verifies(self) -> None:
        hashed = await hash_password("correct horse")
        assert await verify_password("correct horse", against=hashed)
        for wrong in "Correct horse", "correct horse ", "", "correct hors\0e":
            assert not await verify_password(wrong, against=hashed)

    @pytest.mark.parametrize("password", ["\0" * 8, "\ud800 half a character", "🐎" * 128, "x" * 128])
    async def test_any_text_can_be_a_password(self, password: str) -> None:
        assert await verify_password(password, against=await hash_password(password))

    async def test_an_accent_is_the_same_however_the_keyboard_sends_it(self) -> None:
        assert await verify_password("sa\u0303o paulo", against=await hash_password("s\u00e3o paulo"))

    async def test_too_long_a_text_is_wrong_whatever_it_begins_with(self) -> None:
        longest = "a\u0303" * (passwords.MAX_CHARACTERS * 2)  # as long as it may be typed
        hashed = await hash_password(longest)
        assert await verify_password(longest, against=hashed)
        assert not await verify_password(longest + "\ufdfa" * 1_000_000, against=hashed)

    @pytest.mark.parametrize("stored", ["", "flowcrm-demo", "$argon2id$v=19$m=8,t=1,p=1$x$y", "$argon2id$é"])
    async def test_what_is_no_hash_verifies_nothing(self, stored: str) -> None:
        assert not await verify_password("flowcrm-demo", against=stored)

    @pytest.mark.usefixtures("effort")
    async def test_yesterdays_hash_is_recognised(self) -> None:
        assert needs_rehash(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse"))
        assert not needs_rehash(await hash_password("correct horse"))


@pytest.mark.usefixtures("effort")
class TestTime:
    async def test_the_event_loop_goes_on_meanwhile(self) -> None:
        hashing = asyncio.create_task(hash_password("correct horse"))
        verifying = asyncio.create_task(verify_password("correct horse", against=None))
        await asyncio.sleep(0)
        assert not hashing.done()
        assert not verifying.done()
        await asyncio.gather(hashing, verifying)

    async def test_no_account_takes_as_long_as_a_wrong_password(self) -> None:
        hashed = await hash_password("correct horse")
        wrong = min([await self.seconds(hashed) for _ in range(3)])
        nobody = min([await self.seconds(None) for _ in range(3)])
        assert 0.5 < nobody / wrong < 2

    @staticmethod
    async def seconds(against: str | None) -> float:
        begin = time.perf_counter()
        assert not await verify_password("battery staple", against=against)
        return time.perf_counter() - begin
