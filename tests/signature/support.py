"""A person's handwriting and confirmation, as the viewer sends them."""

from __future__ import annotations

from typing import Any

from tests.support import PASSWORD

STROKES = [[[0.1, 0.5], [0.3, 0.2], [0.5, 0.8]], [[0.6, 0.2], [0.7, 0.9], [0.9, 0.4]]]


def confirmation(password: str = PASSWORD) -> dict[str, Any]:
    """A drawn signature with the password."""
    return {"password": password, "strokes": STROKES}
