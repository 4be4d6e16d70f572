"""Settings and the installation's own key pair (VAPID, RFC 8292)."""

from __future__ import annotations

import base64
import os
import secrets
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic_settings import BaseSettings, SettingsConfigDict

from twin.settings import get_settings


class PushSettings(BaseSettings):
    """How notifications leave for push services.

    Attributes:
        push_hosts: hosts of the services that may be called, comma-separated; a leading dot takes subdomains. Empty turns push off.
            The list keeps a made-up subscription from making the server call addresses inside the plant.
        push_contact: mailto or https address that a service may write to.
    """

    model_config = SettingsConfigDict(env_prefix="TWIN_", env_file=".env", extra="ignore")

    push_hosts: str = "fcm.googleapis.com,updates.push.services.mozilla.com,web.push.apple.com,.notify.windows.com"
    push_contact: str = "mailto:admin@localhost"

    def allows(self, endpoint: str) -> bool:
        """Whether a subscription's address is one of a known service, over TLS (or on this machine, in trials)."""
        at = urlsplit(endpoint)
        host = at.hostname or ""
        hosts = [h.strip() for h in self.push_hosts.split(",") if h.strip()]
        known = any(host == h or (h.startswith(".") and host.endswith(h)) for h in hosts)
        return known and (at.scheme == "https" or (at.scheme == "http" and host == "127.0.0.1"))


@lru_cache(maxsize=1)
def push_settings() -> PushSettings:
    """The settings of this process, read once."""
    return PushSettings()


def key_file() -> Path:
    """The private key, made once and readable for the product's user alone."""
    path = get_settings().var_dir / "secrets" / "push.pem"
    if not path.is_file():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f"push.{secrets.token_hex(4)}.part")
        part.touch(mode=0o600)
        part.write_bytes(
            ec.generate_private_key(ec.SECP256R1()).private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        try:
            os.link(part, path)  # never over a key that somebody made at the same time
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path


def public_key() -> str:
    """What a browser asks for: the uncompressed point, base64url without padding."""
    private = serialization.load_pem_private_key(key_file().read_bytes(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    point = private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()
