"""Primary keys: UUID version 7 (RFC 9562), ordered by creation so that indexes stay compact and exchange has global ids."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A new id: 48 bits of milliseconds, 12 bits that keep ids of one process in order, 62 random bits."""
    global _last
    with _lock:
        # The sub-millisecond part keeps ids made in one millisecond in the order in which they were made.
        stamp = max((time.time_ns() // 1_000_000 << 12) | (time.time_ns() % 1_000_000 * 4096 // 1_000_000), _last + 1)
        _last = stamp
    millis, fine = stamp >> 12, stamp & 0xFFF
    random = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    return UUID(int=(millis & ((1 << 48) - 1)) << 80 | 0x7 << 76 | fine << 64 | 0x2 << 62 | random)
