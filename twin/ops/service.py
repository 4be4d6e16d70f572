"""What a process of the product declares so that the supervisor runs it (submodule ``services``, attribute ``SERVICES``)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """A process started as ``python -m <module>``.

    Attributes:
        name: short name; its log is ``var/log/<name>.log``.
        order: 0 starts with the API, larger ones after the API answers, so the first picture comes fast.
        demo_only: runs only in the demo (field simulators).
    """

    name: str
    module: str
    order: int = 1
    demo_only: bool = False
