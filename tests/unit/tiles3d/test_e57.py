"""E57: several scans with their poses, colours, and files that are cut off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.tiles3d.deliveries import write_metadata
from tests.unit.tiles3d.test_inputs import cloud, nothing_left
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.check import check
from tiles.tiles3d.e57 import read_e57
from tiles.tiles3d.errors import BrokenFile
from tiles.tiles3d.job import Options

pye57 = pytest.importorskip("pye57", reason="pye57 is not installed: E57 stays untested")


def write(path: Path, count: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Two scans, the second turned by a quarter and moved; what they are in the common frame."""
    xyz, rgb = cloud(count)
    data = {f"cartesian{k}": np.ascontiguousarray(xyz[:, i]) for i, k in enumerate("XYZ")}
    data |= {f"color{k}": np.ascontiguousarray(rgb[:, i]) for i, k in enumerate(("Red", "Green", "Blue"))}
    file = pye57.E57(str(path), mode="w")
    file.write_scan_raw(data)
    half = float(np.sqrt(0.5))
    file.write_scan_raw(data, rotation=np.array([half, 0, 0, half]), translation=np.array([300.0, 20.0, 1.0]))
    file.close()
    turned = np.stack([-xyz[:, 1] + 300, xyz[:, 0] + 20, xyz[:, 2] + 1], axis=1)
    return np.concatenate([xyz, turned]), np.concatenate([rgb, rgb])


def test_scans_come_in_chunks_with_pose_and_colour(tmp_path: Path) -> None:
    xyz, rgb = write(tmp_path / "a.e57")
    parts = list(read_e57(tmp_path / "a.e57", "a.e57", 1000))
    assert len(parts) == 6 and all(len(p) <= 1000 for p, _ in parts)
    assert np.abs(np.concatenate([p for p, _ in parts]) - xyz).max() < 1e-3
    assert (np.concatenate([c for _, c in parts])[:, :3] == rgb).all()


def test_import(tmp_path: Path) -> None:
    write(tmp_path / "a.e57")
    write_metadata(tmp_path)
    manifest = import_delivery(tmp_path / "a.e57", tmp_path / "out", options=Options(workers=1))
    assert manifest.points == 6000 and manifest.source.kind == "points"
    assert not check(tmp_path / "out").issues


def test_cut_off_and_foreign_files_leave_nothing(tmp_path: Path) -> None:
    write_metadata(tmp_path)
    write(tmp_path / "a.e57")
    whole = (tmp_path / "a.e57").read_bytes()
    for data in (whole[: len(whole) // 2], b"not an E57 at all", b""):
        (tmp_path / "a.e57").write_bytes(data)
        with pytest.raises(BrokenFile, match=r"a\.e57"):
            import_delivery(tmp_path / "a.e57", tmp_path / "out", options=Options(workers=1))
    nothing_left(tmp_path, "a.e57", "metadata.xml")
