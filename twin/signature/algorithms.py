"""Signature algorithms: Ed25519 with SHA-256 by default; SM2 with SM3 by setting, where a regulator asks for it.

SM2 comes from ``gmssl`` (BSD, pure Python), an optional extra of the installation: ``pip install plant-twin[sm]``.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SM3, Hash

from twin.errors import Unavailable


@dataclass(frozen=True)
class Algorithm:
    """How keys are made, and how statements are signed and checked.

    Attributes:
        make: a new key pair as (private, public), raw bytes.
        digest: 32-byte digest that goes with the algorithm.
    """

    name: str
    make: Callable[[], tuple[bytes, bytes]]
    sign: Callable[[bytes, bytes], bytes]
    holds: Callable[[bytes, bytes, bytes], bool]
    digest: Callable[[bytes], bytes]


class AlgorithmMissing(Unavailable):
    """The setting asks for an algorithm whose library is not installed."""

    code = "algorithm_missing"


def _ed_make() -> tuple[bytes, bytes]:
    private = Ed25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def _ed_sign(private: bytes, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


def _ed_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _sm3(message: bytes) -> bytes:
    digest = Hash(SM3())
    digest.update(message)
    return digest.finalize()


#: Order of the base point of the curve (GM/T 0003.5).
_SM2_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


def _sm2(private: bytes, public: bytes) -> Any:
    try:
        from gmssl import sm2
    except ImportError as error:
        raise AlgorithmMissing(name="sm2") from error
    return sm2.CryptSM2(private_key=private.hex(), public_key=public.hex(), asn1=False)


def _sm2_make() -> tuple[bytes, bytes]:
    private = (secrets.randbelow(_SM2_N - 2) + 1).to_bytes(32, "big")
    tool = _sm2(private, bytes(64))
    return private, bytes.fromhex(tool._kg(int.from_bytes(private, "big"), tool.ecc_table["g"]))


def _sm2_sign(private: bytes, message: bytes) -> bytes:
    tool = _sm2(private, bytes(64))
    public = bytes.fromhex(tool._kg(int.from_bytes(private, "big"), tool.ecc_table["g"]))
    return bytes.fromhex(_sm2(private, public).sign_with_sm3(message))


def _sm2_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    if len(signature) != 64 or len(public) != 64:
        return False
    try:
        return bool(_sm2(bytes(32), public).verify_with_sm3(signature.hex(), message))
    except (ValueError, TypeError, IndexError):
        return False


ALGORITHMS = {
    "ed25519": Algorithm("ed25519", _ed_make, _ed_sign, _ed_holds, lambda m: hashlib.sha256(m).digest()),
    "sm2": Algorithm("sm2", _sm2_make, _sm2_sign, _sm2_holds, _sm3),
}
