"""The one way functions are compiled here: cached on disk, without the GIL, with IEEE division."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

_F = TypeVar("_F", bound=Callable[..., object])


def jit(function: _F) -> _F:
    """Compile ``function`` with numba; its Python signature stays what the type checker sees."""
    return cast(_F, njit(cache=True, error_model="numpy", nogil=True)(function))
