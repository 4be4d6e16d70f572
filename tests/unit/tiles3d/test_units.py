"""Centimetres and feet among metres in a grid of tiles: found with certainty, and never in an honest delivery."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.tiles3d.deliveries import tile_mesh, write_metadata
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.errors import BrokenFile
from tiles.tiles3d.gltf_write import write_glb
from tiles.tiles3d.job import Options
from tiles.tiles3d.units import refuse_other_units

Box = tuple[NDArray[np.float64], NDArray[np.float64]]


def grid(columns: int, rows: int, edge: float, origin: tuple[float, float]) -> tuple[list[Box], list[str]]:
    """Boxes and labels of full tiles."""
    boxes, labels = [], []
    for i in range(columns):
        for j in range(rows):
            low = np.array([origin[0] + i * edge, origin[1] + j * edge, 0.0])
            boxes.append((low, low + np.array([edge, edge, 12.0])))
            labels.append(f"Data/Tile_+{i:03d}_+{j:03d}/Tile_+{i:03d}_+{j:03d}.glb")
    return boxes, labels


places = st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000))


@settings(max_examples=200, deadline=None)
@given(st.integers(3, 7), st.integers(3, 7), st.floats(20, 300), places, st.data())
def test_honest_deliveries_are_never_refused(
    columns: int, rows: int, edge: float, origin: tuple[float, float], data: st.DataObject
) -> None:
    """Tiles filled in part, hanging over, and one that holds something wide, such as a bridge or a conveyor."""
    boxes, labels = grid(columns, rows, edge, origin)
    share = st.floats(0.02, 0.49)
    for low, high in boxes:
        if data.draw(st.integers(0, 4)) == 0:
            cut = [data.draw(share) * edge for _ in range(4)]
            low[:2] += cut[:2]
            high[:2] -= cut[2:]
    low, high = boxes[data.draw(st.integers(0, len(boxes) - 1))]
    wide = [data.draw(st.floats(0, 4)) * edge for _ in range(4)]
    low[:2] -= wide[:2]
    high[:2] += wide[2:]
    refuse_other_units(boxes, labels)


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 6), st.integers(3, 6), st.floats(20, 300), places, st.data())
def test_centimetres_and_feet_are_named(
    columns: int, rows: int, edge: float, origin: tuple[float, float], data: st.DataObject
) -> None:
    boxes, labels = grid(columns, rows, edge, origin)
    unit, factor = data.draw(st.sampled_from([("centimetres", 100.0), ("feet", 3.28084)]))
    odd = data.draw(st.integers(0, len(boxes) - 1))
    boxes[odd] = (boxes[odd][0] * factor, boxes[odd][1] * factor)
    with pytest.raises(BrokenFile, match="mixed units") as caught:
        refuse_other_units(boxes, labels)
    assert caught.value.file == labels[odd]
    assert unit in caught.value.fault


def test_a_tile_in_feet_is_refused_on_import(tmp_path: Path) -> None:
    """From the files to the fault; nothing is left."""
    write_metadata(tmp_path / "in")
    for i in range(3):
        for j in range(3):
            mesh = tile_mesh(40.0 * i, 40.0 * j, 40.0, 4, 16, 1)
            if (i, j) == (2, 1):
                for part in mesh.parts:
                    part.positions = (part.positions / 0.3048).astype(np.float32)
            folder = tmp_path / "in" / "Data" / f"Tile_+{i:03d}_+{j:03d}"
            folder.mkdir(parents=True)
            (folder / f"{folder.name}.glb").write_bytes(write_glb(mesh, compress=False, pictures="keep"))
    with pytest.raises(BrokenFile, match="feet") as caught:
        import_delivery(tmp_path / "in", tmp_path / "out", options=Options(workers=1))
    assert "Tile_+002_+001" in caught.value.file
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
