"""Passwords are kept as argon2id hashes, made and checked in threads: each costs 0.1 to 0.25 s of CPU and 64 MiB."""

import asyncio
import base64
import os
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

MIN_CHARACTERS = 8
MAX_CHARACTERS = 128
MAX_TYPED_CHARACTERS = 4 * MAX_CHARACTERS  # before normalization, with each accent as a character of its own
DEMO_PASSWORD = "flowcrm-demo"  # noqa: S105 # meant to be known; production refuses it

Result = TypeVar("Result")

_hasher = PasswordHasher()
# One thread per core: argon2 spreads each hash over several cores anyway, so more would only take memory.
MAX_AT_ONCE = os.cpu_count() or 1
_threads = ThreadPoolExecutor(max_workers=MAX_AT_ONCE, thread_name_prefix="argon2")


def hash_at_once(plain: str) -> str:
    return _hasher.hash(in_one_form(plain))


async def hash_password(plain: str) -> str:
    return await _in_thread(hash_at_once, plain)


async def verify_password(plain: str, *, against: str | None) -> bool:
    """True when the password matches the hash `against`. None (no such account) takes as long and gives False."""
    return await _in_thread(_verify, against or _hash_of_nothing(), plain)


def needs_rehash(hashed: str) -> bool:
    """Whether the hash was made with less (or other) effort than today's."""
    return _hasher.check_needs_rehash(hashed)


async def _in_thread(function: Callable[..., Result], *arguments: object) -> Result:
    return await asyncio.get_running_loop().run_in_executor(_threads, function, *arguments)


def in_one_form(plain: str) -> bytes:
    """The text in NFKC, as UTF-8: keyboards send 'ã' as one character or as two."""
    return unicodedata.normalize("NFKC", plain).encode("utf-8", "surrogatepass")


def _verify(hashed: str, plain: str) -> bool:
    """Cuts the text before normalizing it, which takes seconds for megabytes; a text that was too long is wrong."""
    try:
        is_right = _hasher.verify(hashed, in_one_form(plain[:MAX_TYPED_CHARACTERS]))
    except (Argon2Error, InvalidHashError, UnicodeError):
        return False
    return is_right and len(plain) <= MAX_TYPED_CHARACTERS


def _hash_of_nothing() -> str:
    """A random hash that no known password has, as costly to verify as a real one."""
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${costs}${_noise(_hasher.salt_len)}${_noise(_hasher.hash_len)}"


def _noise(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")
