"""What the tests of the operation share: folders that the database account may reach, and looking at processes."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def open_folder(name: str) -> Iterator[Path]:
    """A temporary folder that PostgreSQL's account may pass. pytest's own are for root only, and it sees to that again and again."""
    folder = Path(tempfile.mkdtemp(prefix=f"twin-{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(holds: Callable[[], object], what: str, patience: float = 60.0) -> None:
    """Wait until ``holds()`` is true; an assertion says what never came."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain: {what}"
        time.sleep(0.05)
