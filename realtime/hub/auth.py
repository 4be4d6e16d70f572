"""Who a connection belongs to: credentials of the handshake, the Origin check, and look-ups that a flood cannot turn
against the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from websockets.datastructures import Headers

from twin import clock
from twin.auth.principal import Principal
from twin.errors import TwinError

COOKIE = "twin_session"


def credential(headers: Headers) -> str | None:
    """The token of ``Authorization: Bearer`` or of the session cookie; None when there is neither."""
    scheme, _, value = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    try:
        morsel = SimpleCookie(headers.get("Cookie") or "").get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None and morsel.value else None


def origin_allowed(headers: Headers, allowed: frozenset[str]) -> bool:
    """Whether a browser's page may connect: it comes from the host that it connects to (any port), or from an allowed
    origin.

    The session cookie is sent whatever page opens the socket, so this check is what stops other sites' pages. Programs
    send no Origin.
    """
    origin = headers.get("Origin")
    if origin is None:
        return True
    if origin.rstrip("/").lower() in allowed:
        return True
    try:
        page, host = urlsplit(origin).hostname, urlsplit(f"//{headers.get('Host') or ''}").hostname
    except ValueError:
        return False
    return page is not None and page == host


class Authenticator:
    """Looks tokens up: one look-up at a time per token, few at a time in all, and the answer holds for some seconds.

    Args:
        lookup: the principal of a token; raises a :class:`TwinError` when it does not hold.
        seconds: how long an answer is used again, so that a thousand connections with one token cost one look-up.
    """

    def __init__(self, lookup: Callable[[str], Awaitable[Principal]], seconds: float = 2.0, at_once: int = 4) -> None:
        self._lookup = lookup
        self._seconds = seconds
        self._gate = asyncio.Semaphore(at_once)
        self._known: dict[str, tuple[float, Principal | TwinError]] = {}
        self._running: dict[str, asyncio.Task[Principal | TwinError]] = {}

    async def principal(self, token: str, *, fresh: bool = False) -> Principal:
        """The principal of a token; ``fresh`` asks anew.

        Raises:
            TwinError: the token does not hold (Unauthenticated), or it cannot be found out now.
        """
        known = None if fresh else self._known.get(token)
        if known is None or clock.monotonic() - known[0] > self._seconds:
            task = self._running.get(token)
            if task is None:
                task = self._running[token] = asyncio.get_running_loop().create_task(self._ask(token))
            answer = await asyncio.shield(task)
        else:
            answer = known[1]
        if isinstance(answer, TwinError):
            raise answer
        return answer

    async def _ask(self, token: str) -> Principal | TwinError:
        answer: Principal | TwinError
        try:
            async with self._gate:
                answer = await self._lookup(token)
        except TwinError as error:
            answer = error
        finally:
            self._running.pop(token, None)
        if len(self._known) > 2000:
            self._known.clear()
        self._known[token] = (clock.monotonic(), answer)
        return answer

    def forget(self) -> None:
        """Let old answers go."""
        old = clock.monotonic() - self._seconds
        self._known = {token: entry for token, entry in self._known.items() if entry[0] >= old}
