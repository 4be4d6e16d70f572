"""A large delivery: the real OSGB survey repeated with offsets (``make bench ONLY=tiles-large``; not in the default run).

``TWIN_BENCH_GB`` sets its size (5). Memory is the sum over the importing process and all its workers, pages that they
share counted once for each: the true peak is lower. Time is processor time of all of them (what else runs on the machine
does not count); on quiet cores the wall clock shows that, divided by the number of cores.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.bench.harness import Row
from tiles.tiles3d.osg_classes import read_scene
from tiles.tiles3d.osg_state import Obj

DEFAULT = False
ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data" / "osgb-oblique"
_IMPORT = """
import sys
from pathlib import Path
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.job import Options
import_delivery(Path(sys.argv[1]), Path(sys.argv[2]), options=Options())
"""


def _arrays(o: Obj, seen: set[int]) -> list[np.ndarray]:
    """Positions of all geometries below an object."""
    if id(o) in seen:
        return []
    seen.add(id(o))
    own = [o.get("vertices")] if o.kind == "Geometry" and o.get("vertices") is not None else []
    return own + [a for child in o.children for a in _arrays(child, seen)]


def _moved(data: bytes, name: str, offset: np.ndarray) -> bytes:
    """An OSGB file with its positions moved; everything else stays, the JPEGs byte for byte."""
    out = bytearray(data)
    for vertices in _arrays(read_scene(data, name), set()):
        kind = np.dtype(vertices.dtype).newbyteorder("<")
        old = np.ascontiguousarray(vertices).astype(kind).tobytes()
        at = data.find(old)
        if at < 0:
            raise RuntimeError(f"{name}: positions are not stored plainly, the bench cannot move them")
        out[at : at + len(old)] = (vertices + offset.astype(kind)).astype(kind).tobytes()
    return bytes(out)


def _repeat(out: Path, target: int) -> int:
    """Write the survey again and again, side by side, until ``target`` bytes; how many bytes there are."""
    tiles = sorted(d for d in (REAL / "Data").iterdir() if d.is_dir())
    files = {tile: [(f, f.read_bytes()) for f in sorted(tile.iterdir())] for tile in tiles}
    every = [a for tile in tiles for f, data in files[tile] for a in _arrays(read_scene(data, f.name), set())]
    span = np.max([a.max(axis=0) for a in every], axis=0) - np.min([a.min(axis=0) for a in every], axis=0)
    shutil.copytree(REAL, out, ignore=lambda folder, names: [n for n in names if n == "Data"])
    side = max(1, round((target / sum(len(d) for v in files.values() for _, d in v)) ** 0.5))
    total = number = 0
    while total < target:
        offset = np.array([number % side * float(span[0]), number // side * float(span[1]), 0.0])
        for tile in tiles:
            folder = out / "Data" / f"{tile.name}_{number:04d}"
            folder.mkdir(parents=True)
            for file, data in files[tile]:
                name = f"{folder.name}.osgb" if file.stem == tile.name else file.name
                (folder / name).write_bytes(_moved(data, file.name, offset))
                total += len(data)
        number += 1
    return total


def _resident(root: int) -> int:
    """Bytes in memory of a process and all below it."""
    parents: dict[int, list[int]] = {}
    pages: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                pages[int(entry.name)] = int((entry / "statm").read_text().split()[1])
            except (OSError, IndexError, ValueError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        total += pages.get(pid, 0)
        waiting += parents.get(pid, [])
    return total * os.sysconf("SC_PAGE_SIZE")


def _run(folder: Path, target: int) -> tuple[int, float, float]:
    """(bytes of the delivery, processor seconds of all processes, peak bytes in memory) of one import."""
    size = _repeat(folder / "in", target)
    before, peak = resource.getrusage(resource.RUSAGE_CHILDREN), 0
    process = subprocess.Popen([sys.executable, "-c", _IMPORT, str(folder / "in"), str(folder / "out")], cwd=ROOT)
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        time.sleep(0.1)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    shutil.rmtree(folder)
    if process.returncode:
        raise RuntimeError(f"the import failed with {process.returncode}")
    return size, took, peak


def rows() -> list[Row]:
    """Goals of the issue: 1 GB at the peak, time within 1.2 of linear from a tenth of the size."""
    if not REAL.is_dir():
        print("shared/data/osgb-oblique is not here; nothing to measure")
        return []
    target = int(float(os.environ.get("TWIN_BENCH_GB", "5")) * 1e9)
    with tempfile.TemporaryDirectory(prefix="bench-tiles-large-", dir=ROOT / "var") as name:
        small = _run(Path(name) / "small", target // 10)
        large = _run(Path(name) / "large", target)
    label = f"{large[0] / 1e9:.1f} GB"
    return [
        Row(f"peak memory, {label}, all processes", "GB", large[2] / 1e9, None, "", "lower", 1.0),
        Row("throughput per core", "MB/s", large[0] / 1e6 / large[1], None, "", "higher"),
        Row(
            "processor seconds per GB",
            "s",
            large[1] / large[0] * 1e9,
            small[1] / small[0] * 1e9,
            "a tenth of it",
            "lower",
            1.2,
        ),
    ]
