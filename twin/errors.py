"""Typed errors: each carries a stable code, an HTTP status and parameters for its text in the user's language.

Texts live in the ``i18n`` folders under the key ``error.<code>``. An unknown key falls back to the code itself, never to an empty message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


class TwinError(Exception):
    """Root of all expected failures.

    Attributes:
        code: stable machine name, e.g. ``zone_not_found``.
        status: HTTP status.
        params: values for the text.
        errors: row- or field-level faults, each ``{"where": ..., "message"| "code": ..., ...}``.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, *, errors: Sequence[dict[str, Any]] = (), **params: Any) -> None:
        self.params = params
        self.errors = list(errors)
        super().__init__(f"{self.code} {params}" if params else self.code)


class Unauthenticated(TwinError):
    """Nobody is signed in, or the session or token has expired."""

    code = "unauthenticated"
    status = 401


class Forbidden(TwinError):
    """Signed in, but without the right (scope, zone or department)."""

    code = "forbidden"
    status = 403


class NotFound(TwinError):
    """No such thing, or it belongs to another enterprise: the two look the same from outside."""

    code = "not_found"
    status = 404


class Conflict(TwinError):
    """Somebody else changed it first, or the step is not possible from its present state."""

    code = "conflict"
    status = 409


class TooLarge(TwinError):
    """More bytes than allowed."""

    code = "too_large"
    status = 413


class UnsupportedMedia(TwinError):
    """A kind of file or body that is not taken here."""

    code = "unsupported_media"
    status = 415


class Invalid(TwinError):
    """The payload does not hold; ``errors`` says where."""

    code = "invalid"
    status = 422


class TooMany(TwinError):
    """Too many requests, sessions or sign-in attempts."""

    code = "too_many"
    status = 429


class Unavailable(TwinError):
    """A part that is needed (database, hub) does not answer now."""

    code = "unavailable"
    status = 503
