"""The wire of a target: its spelling of times and names, and its cipher. Receivers read with the same functions."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from jsonschema import Draft202012Validator

_CHINA = ZoneInfo("Asia/Shanghai")
CIPHERS = ("aes-128-cbc", "sm4-cbc", "none")
TIME_FORMATS = {"compact": "%Y%m%d%H%M%S", "plain": "%Y-%m-%d %H:%M:%S"}
_SKIPPED = ("changed",)


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of all kinds (``$defs``)."""
    found: dict[str, Any] = json.loads((files("domain.exchange") / "data" / "schema.json").read_text(encoding="utf-8"))
    return found


@cache
def _judge(kind: str) -> Draft202012Validator:
    return Draft202012Validator({**schema()["$defs"][kind], "$defs": schema()["$defs"]})


def faults(kind: str, row: Mapping[str, Any]) -> list[str]:
    """Where a row breaks the form."""
    return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in _judge(kind).iter_errors(dict(row))]


def spell(row: Mapping[str, Any], company: str, time_format: str) -> dict[str, Any]:
    """A row as the form has it: ids as text, times in the target's format and China's time."""
    made: dict[str, Any] = {"companyCode": company}
    for key, value in row.items():
        if key in _SKIPPED:
            continue
        if key == "deleted":
            value = "1" if value else "0"
        elif isinstance(value, datetime):
            local = value.astimezone(_CHINA) if value.tzinfo else value
            value = local.strftime(TIME_FORMATS[time_format])
        elif isinstance(value, UUID):
            value = str(value)
        made[key] = value
    return made


def pack(rows: Sequence[Mapping[str, Any]], cipher: str, key: bytes, iv: bytes) -> str:
    """Rows as the text of ``datas``."""
    data = json.dumps(list(rows), ensure_ascii=False).encode()
    if cipher != "none":
        padder = PKCS7(128).padder()
        engine = _cipher(cipher, key, iv).encryptor()
        data = engine.update(padder.update(data) + padder.finalize()) + engine.finalize()
    return base64.b64encode(data).decode()


def unpack(text: str, cipher: str, key: bytes, iv: bytes) -> list[dict[str, Any]]:
    """Rows of ``datas``.

    Raises:
        ValueError: another key, or no rows.
    """
    data = base64.b64decode(text, validate=True)
    if cipher != "none":
        engine = _cipher(cipher, key, iv).decryptor()
        unpadder = PKCS7(128).unpadder()
        data = unpadder.update(engine.update(data) + engine.finalize()) + unpadder.finalize()
    rows = json.loads(data)
    if not isinstance(rows, list):
        raise ValueError("no rows")
    return rows


def _cipher(name: str, key: bytes, iv: bytes) -> Cipher[modes.CBC]:
    algorithm = algorithms.SM4(key) if name == "sm4-cbc" else algorithms.AES128(key)
    return Cipher(algorithm, modes.CBC(iv))
