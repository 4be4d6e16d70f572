"""A signature as a compact text for a QR code, checkable without the database.

``PT1.<statement>.<public key and signature>``, both parts base64url. Who holds the public key says the enterprise's key
list (``GET /api/verify/keys``), by its fingerprint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from twin.signature.algorithms import ALGORITHMS

_TOKEN = re.compile(r"PT1\.([A-Za-z0-9_-]{40,6000})\.([A-Za-z0-9_-]{100,400})")
_PUBLIC = {"ed25519": 32, "sm2": 64}


@dataclass(frozen=True)
class Checked:
    """What a token says and whether its signature holds.

    Attributes:
        statement: what was signed: ``id, kind, key, meaning, digest, signer, name, at ...``.
        fingerprint: SHA-256 of the public key in the token, hex.
        holds: the signature fits the statement and this key.
    """

    statement: dict[str, Any]
    fingerprint: str
    holds: bool


def make(statement: str, public: bytes, signature: bytes) -> str:
    """The token of a signature."""
    return f"PT1.{_encode(statement.encode())}.{_encode(public + signature)}"


def find(text: str) -> list[str]:
    """Tokens in a text, each once, in their order."""
    return list(dict.fromkeys(found.group(0) for found in _TOKEN.finditer(text)))


def check(token: str) -> Checked | None:
    """Read and check a token; None when it is none."""
    found = _TOKEN.fullmatch(token.strip())
    if found is None:
        return None
    try:
        statement = json.loads(_decode(found.group(1)))
        algorithm = ALGORITHMS[statement["algorithm"]]
        rest = _decode(found.group(2))
        cut = _PUBLIC[algorithm.name]
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
    public, signature = rest[:cut], rest[cut:]
    fingerprint = hashlib.sha256(public).hexdigest()
    holds = statement.get("fingerprint") == fingerprint and algorithm.holds(public, _decode(found.group(1)), signature)
    return Checked(statement, fingerprint, holds)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
