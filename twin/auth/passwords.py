"""Passwords: Argon2id hashes and the rules for new ones."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from twin.errors import Invalid

MINIMUM = 10
MAXIMUM = 128
#: A new password differs from this many earlier ones.
REMEMBERED = 3

# OWASP's minimum for Argon2id: 19 MiB, two passes. More memory would let a burst of sign-ins starve a small server.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_CLASSES = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"), re.compile(r"[^a-zA-Z0-9]"))
_COMMON = (
    "password",
    "passw0rd",
    "qwerty",
    "admin123",
    "1234567",
    "abc123",
    "letmein",
    "welcome",
    "iloveyou",
    "111111",
    "888888",
)


class WeakPassword(Invalid):
    """The new password breaks a rule; ``params['rule']`` names it."""

    code = "password_weak"


def check(password: str, username: str) -> None:
    """Refuse a password that is too short or long, of fewer than three kinds of characters, common, or holds the user
    name.

    Raises:
        WeakPassword: with ``rule`` one of ``length``, ``kinds``, ``common``, ``name``.
    """
    lower = password.lower()
    if not MINIMUM <= len(password) <= MAXIMUM:
        raise WeakPassword(rule="length", minimum=MINIMUM, maximum=MAXIMUM)
    if sum(bool(kind.search(password)) for kind in _CLASSES) < 3:
        raise WeakPassword(rule="kinds", minimum=MINIMUM, maximum=MAXIMUM)
    if any(word in lower for word in _COMMON) or len(set(password)) < 5:
        raise WeakPassword(rule="common", minimum=MINIMUM, maximum=MAXIMUM)
    if len(username) >= 3 and username.lower() in lower:
        raise WeakPassword(rule="name", minimum=MINIMUM, maximum=MAXIMUM)


def make_hash(password: str) -> str:
    """The Argon2id hash of a password (about 20 ms of CPU)."""
    return _hasher.hash(password)


def matches(password: str, stored: str) -> bool:
    """Whether ``password`` belongs to the hash."""
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


async def verify(password: str, stored: str | None) -> bool:
    """Like :func:`matches`, off the event loop. An unknown account (None) costs the same time and is never right."""
    right = await asyncio.to_thread(matches, password[: MAXIMUM + 1], stored or _decoy())
    return right and stored is not None


async def renew(password: str, username: str, earlier: Sequence[str]) -> str:
    """The hash of a new password after the checks; ``earlier`` are hashes that it must not match.

    Raises:
        WeakPassword: also with rule ``reused``.
    """
    check(password, username)

    def work() -> str:
        if any(matches(password, old) for old in earlier[:REMEMBERED]):
            raise WeakPassword(rule="reused", minimum=MINIMUM, maximum=MAXIMUM)
        return make_hash(password)

    return await asyncio.to_thread(work)


@cache
def _decoy() -> str:
    return make_hash(secrets.token_urlsafe(16))
