"""Zipped deliveries: taken, and the hostile ones refused without a trace."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from tests.unit.tiles3d.deliveries import glb_delivery
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.check import check
from tiles.tiles3d.errors import Bomb, BrokenFile, UnsafePath
from tiles.tiles3d.job import Options

ONE = Options(workers=1)


def zipped(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, Path("delivery") / file.relative_to(folder))
    return path


def test_a_zipped_delivery(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    source = zipped(tmp_path / "Plant 2026.zip", glb_delivery(tmp_path / "in", 1, 1, n=4, texture=32))
    manifest = import_delivery(source, tmp_path / "work" / "out", options=ONE)
    assert (manifest.id, manifest.name) == ("plant-2026", "Plant 2026")
    assert not check(tmp_path / "work" / "out").issues
    assert [p.name for p in (tmp_path / "work").iterdir()] == ["out"]


def refused(tmp_path: Path, kind: type[Exception]) -> None:
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    with pytest.raises(kind, match=r"a\.zip"):
        import_delivery(tmp_path / "a.zip", work / "out", options=ONE)
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil.glb", "/etc/evil.glb", "a/../../evil.glb", "..\\evil.glb", "C:evil.glb"])
def test_entries_that_climb_out(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"x")
    refused(tmp_path, UnsafePath)


def test_links(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("metadata.xml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(tmp_path, UnsafePath)


def test_bombs(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Data/Tile_0/Tile_0.glb", b"\0" * (80 << 20))
    refused(tmp_path, Bomb)


def test_cut_and_foreign_archives(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "b.zip", glb_delivery(tmp_path / "in", 1, 1, n=4, texture=32)).read_bytes()
    for data in (b"", b"no zip at all", whole[: len(whole) // 2]):
        (tmp_path / "a.zip").write_bytes(data)
        refused(tmp_path, BrokenFile)
    broken = bytearray(whole)
    broken[len(whole) // 3 : len(whole) // 3 + 40] = b"\xff" * 40
    (tmp_path / "a.zip").write_bytes(bytes(broken))
    refused(tmp_path, BrokenFile)
