"""One import: options, its building folder, resuming, processes."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import orjson

from tiles.tiles3d.levels import Limits
from tiles.tiles3d.nodes import Record, Style

T = TypeVar("T")
R = TypeVar("R")

#: Called with the share done (0..1) and the stage's name (a key of the texts).
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Options:
    """How to import.

    Attributes:
        id: folder name of the tileset; default from the delivery's name.
        srs, origin: override those of the delivery.
        height_offset: metres from the delivery's heights (1985 national height) to ellipsoidal ones.
        geoid: PROJ grid file of a geoid model, instead of a stated offset.
        near: longitude and latitude that the delivery must lie near (1 degree); a guard against wrong zones.
        textures: ``webp``, ``ktx2`` (needs its encoder) or ``keep`` (JPEG bytes kept).
        workers: processes; 0 means one per core.
    """

    id: str = ""
    name: str = ""
    site: str = ""
    srs: str = ""
    origin: tuple[float, float, float] | None = None
    height_offset: float = 0.0
    geoid: str = ""
    near: tuple[float, float] | None = None
    date: date | None = None
    accuracy_m: float | None = None
    licence: str = ""
    attribution: str = ""
    textures: str = "webp"
    quality: int = 80
    compress: bool = True
    triangles: int = 30_000
    texture: int = 1024
    workers: int = 0

    def style(self) -> Style:
        return Style(self.compress, self.textures, self.quality, Limits(self.triangles, self.texture))

    def processes(self) -> int:
        return self.workers or os.cpu_count() or 1


class Building:
    """The folder in which a tileset is built, beside its target, renamed at the end.

    A run that was interrupted leaves the folder and its markers; the next run with the same source and options goes
    on from there. A delivery that is refused leaves nothing.
    """

    def __init__(self, target: Path, fingerprint: str) -> None:
        self.target = target
        self.folder = target.parent / f".{target.name}.building"
        self.work = self.folder / "work"
        note = self.work / "job"
        if self.folder.exists() and (not note.is_file() or note.read_text() != fingerprint):
            shutil.rmtree(self.folder)
        self.work.mkdir(parents=True, exist_ok=True)
        note.write_text(fingerprint)

    def done(self, name: str) -> Record | None:
        """The record of a finished piece, or None."""
        marker = self.work / f"{name}.json"
        try:
            return Record.from_json(orjson.loads(marker.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def mark(self, name: str, record: Record) -> None:
        """Note that a piece is finished. Written last and renamed into place: a marker is never half there."""
        temp = self.work / f"{name}.tmp"
        temp.write_bytes(orjson.dumps(record.to_json()))
        temp.replace(self.work / f"{name}.json")

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def publish(self) -> None:
        """Put the finished folder in place; an older version gives way in the same instant."""
        shutil.rmtree(self.work)
        old = self.target.parent / f".{self.target.name}.old"
        shutil.rmtree(old, ignore_errors=True)
        if self.target.exists():
            self.target.rename(old)
        self.folder.rename(self.target)
        shutil.rmtree(old, ignore_errors=True)


def fingerprint(files: Sequence[Path], options: Options) -> str:
    """Changes when the source files or the options that shape the result do."""
    digest = hashlib.sha256()
    for file in files:
        stat = file.stat()
        digest.update(f"{file}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    shape = {
        k: v
        for k, v in asdict(options).items()
        if k not in ("workers", "name", "licence", "attribution", "date", "accuracy_m")
    }
    digest.update(orjson.dumps(shape, default=str))
    return digest.hexdigest()


def content_version(folder: Path) -> str:
    """Short hash over all tiles, for cache keys."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name != "manifest.json" and "work" not in file.relative_to(folder).parts:
            digest.update(file.relative_to(folder).as_posix().encode())
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "blake2b").digest())
    return digest.hexdigest()[:16]


def spread(function: Callable[[T], R], tasks: Sequence[T], workers: int) -> Iterator[tuple[int, R]]:
    """Run tasks in processes (in this one when there is little to do); yields (index, result) as they finish.

    At most two tasks per process are in flight, so results do not pile up. The first failure stops the rest and is
    raised.
    """
    workers = min(workers, len(tasks))
    if workers <= 1:
        for index, task in enumerate(tasks):
            yield index, function(task)
        return
    # Forking is quick, but only safe while this process has a single thread.
    method = "fork" if threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods() else "spawn"
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(method)) as pool:
        waiting: dict[Any, int] = {}
        upcoming = iter(enumerate(tasks))
        try:
            while True:
                for index, task in upcoming:
                    waiting[pool.submit(function, task)] = index
                    if len(waiting) >= 2 * workers:
                        break
                if not waiting:
                    return
                finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield waiting.pop(future), future.result()
        finally:
            for future in waiting:
                future.cancel()
