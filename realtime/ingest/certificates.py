"""The product's own OPC UA application certificate (OPC 10000-4, 6.1): made once, to be trusted on every server."""

from __future__ import annotations

import socket
from pathlib import Path

from asyncua.crypto.cert_gen import dump_private_key_as_pem, generate_private_key, generate_self_signed_app_certificate
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from twin.settings import get_settings

URI = "urn:plant-twin:gateway"
_DAYS = 20 * 365


def make(certificate: Path, key: Path, uri: str, name: str) -> None:
    """Write a self-signed application certificate (DER) and its key (PEM, for the product's user alone)."""
    private = generate_private_key()
    made = generate_self_signed_app_certificate(
        private, name, {"organizationName": "plant-twin"},
        [x509.UniformResourceIdentifier(uri), x509.DNSName(socket.gethostname())],
        [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH], days=_DAYS,
    )  # fmt: skip
    key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key.touch(mode=0o600)
    key.write_bytes(dump_private_key_as_pem(private))
    certificate.write_bytes(made.public_bytes(Encoding.DER))


def own() -> tuple[Path, Path]:
    """Files of the product's own certificate and key; made at the first call."""
    folder = get_settings().var_dir / "secrets"
    certificate, key = folder / "opcua.der", folder / "opcua.pem"
    if not certificate.is_file():
        make(certificate, key, URI, "plant-twin gateway")
    return certificate, key
