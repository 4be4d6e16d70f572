"""Passwords of sources: sealed in the database under the installation's key, opened only where a source is run.

They are never given out, logged or audited.
"""

from __future__ import annotations

import base64
from typing import Any

from pydantic import BaseModel, SecretStr

from twin.signature.keys import seal, unseal

_OWNER = "field source"
_MARK = "sealed"


def secret_fields(model: type[BaseModel]) -> frozenset[str]:
    """Names of the settings that are secret."""
    return frozenset(name for name, field in model.model_fields.items() if field.annotation is SecretStr)


def close(settings: BaseModel) -> dict[str, Any]:
    """Settings for the database, secrets sealed; empty secrets are left out."""
    stored = settings.model_dump(mode="json")
    for name in secret_fields(type(settings)):
        secret = getattr(settings, name).get_secret_value()
        del stored[name]
        if secret:
            stored[name] = {_MARK: base64.b64encode(seal(secret.encode(), _OWNER)).decode()}
    return stored


def opened(stored: dict[str, Any]) -> dict[str, Any]:
    """Settings for running a source.

    Raises:
        SecretUnusable: sealed under another installation's key.
    """
    return {
        name: unseal(base64.b64decode(value[_MARK]), _OWNER).decode()
        if isinstance(value, dict) and set(value) == {_MARK}
        else value
        for name, value in stored.items()
    }


def shown(model: type[BaseModel], stored: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Settings for people, without the secrets, and the names of the secrets that are set."""
    hidden = secret_fields(model)
    return {k: v for k, v in stored.items() if k not in hidden}, sorted(k for k in hidden if stored.get(k))
