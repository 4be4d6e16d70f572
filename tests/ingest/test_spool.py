"""The spool: order, crashes, a full disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime.history.samples import GOOD, Samples, pack
from realtime.ingest.spool import Spool, SpoolFull


def batch(start: int, count: int = 100) -> Samples:
    return pack([(1, n, n, float(n), GOOD) for n in range(start, start + count)])


def drained(spool: Spool) -> list[int]:
    return [int(ts) for samples in spool.drain() for ts in samples["ts"]]


def test_what_went_in_comes_out_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment=4000)
    assert not spool
    for n in range(10):
        spool.append(batch(n * 100))
    assert len(list(tmp_path.glob("*.seg"))) > 3 and spool
    assert drained(spool) == list(range(1000))
    assert not spool and spool.size == 0 and not list(tmp_path.iterdir())
    spool.append(batch(5000, 1))
    assert drained(spool) == [5000]


def test_another_process_goes_on_where_one_was_killed(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    for n in range(3):
        first.append(batch(n * 100))
    first.peek()
    first.pop()  # drained, but the segment is still there: its samples come again, which the history does not mind
    second = Spool(tmp_path)
    second.append(batch(300))
    assert drained(second) == list(range(400))


def test_a_record_cut_short_is_left_out(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(batch(0))
    spool.append(batch(100))
    (segment,) = tmp_path.glob("*.seg")
    segment.write_bytes(segment.read_bytes()[:-7])
    again = Spool(tmp_path)
    again.append(batch(200))
    assert drained(again) == [*range(100), *range(200, 300)]
    assert not again


def test_a_full_spool_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = Spool(tmp_path, quota=6000)
    spool.append(batch(0))
    with pytest.raises(SpoolFull):
        spool.append(batch(100, 200))
    assert drained(spool) == list(range(100))


def test_a_disk_that_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    spool.append(batch(0))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("realtime.ingest.spool.os.fsync", full)
    with pytest.raises(SpoolFull):
        spool.append(batch(100))
    monkeypatch.undo()
    spool.append(batch(200))
    assert drained(spool) == [*range(100), *range(200, 300)]
