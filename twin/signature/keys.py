"""Signers' private keys at rest: sealed with AES-256-GCM under the installation's key, which lies outside the database."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from twin.errors import Unavailable
from twin.settings import get_settings


class SignatureSettings(BaseSettings):
    """Settings of signatures.

    Attributes:
        signing_secret: 64 hex digits; empty takes ``<var_dir>/secrets/signing.key``, which the first signature makes.
        signature_algorithm: ``ed25519`` or ``sm2``; for keys made from now on.
        webauthn_origin: the address at which browsers open the product (``https://twin.example``): authenticators answer
            for it alone. Empty takes ``http://localhost:<port>``; browsers take no address by number.
    """

    model_config = SettingsConfigDict(env_prefix="TWIN_", env_file=".env", extra="ignore")

    signing_secret: SecretStr | None = None
    signature_algorithm: str = "ed25519"
    webauthn_origin: str = ""


class SecretUnusable(Unavailable):
    """The installation's key is not the one that sealed this private key (a restore without the secrets folder)."""

    code = "signing_secret_unusable"


def _file() -> Path:
    return get_settings().var_dir / "secrets" / "signing.key"


def installation_key() -> bytes:
    """The 32 bytes that seal private keys. Made once; readable for the product's user alone."""
    given = SignatureSettings().signing_secret
    if given is not None:
        return bytes.fromhex(given.get_secret_value())
    path = _file()
    if not path.is_file():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f"signing.{secrets.token_hex(4)}.part")
        part.touch(mode=0o600)
        part.write_text(secrets.token_hex(32))
        try:
            os.link(part, path)  # never over a key that somebody made at the same time
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return bytes.fromhex(path.read_text().strip())


def seal(private: bytes, owner: str) -> bytes:
    """``private`` encrypted for the account ``owner``."""
    nonce = os.urandom(12)
    return nonce + AESGCM(installation_key()).encrypt(nonce, private, owner.encode())


def unseal(sealed: bytes, owner: str) -> bytes:
    """The private key.

    Raises:
        SecretUnusable: sealed under another installation key, or for another account.
    """
    try:
        return AESGCM(installation_key()).decrypt(sealed[:12], sealed[12:], owner.encode())
    except InvalidTag as error:
        raise SecretUnusable from error
