"""Unpacking an uploaded ZIP without harm: no paths, no bombs, only the files that are wanted."""

from __future__ import annotations

import zlib
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, is_zipfile

from twin.spatial.transfer.model import MAX_UNPACKED, MB, FileTooLarge, FileUnreadable

_MAX_MEMBERS = 500
_MAX_RATIO = 200
_SHAPE = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def check_archive(path: Path) -> None:
    """Refuse a ZIP (also an Excel workbook) that would unpack to too much.

    Raises:
        FileTooLarge: too many members, bytes, or too high a ratio.
        FileUnreadable: no ZIP.
    """
    if not is_zipfile(path):
        raise FileUnreadable(detail="zip")
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileUnreadable(detail=str(error)[:200]) from error
    size, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if len(members) > _MAX_MEMBERS or size > MAX_UNPACKED or (size > 10 * MB and size > _MAX_RATIO * max(packed, 1)):
        raise FileTooLarge(limit=f"{MAX_UNPACKED // MB} MB", found=f"{size // MB} MB")


def unpack_shapefile(path: Path, folder: Path) -> list[Path]:
    """Unpack the Shapefiles of a ZIP into ``folder`` under names of our own; their ``.shp`` paths, by member name.

    Raises:
        FileTooLarge, FileUnreadable: as :func:`check_archive`; also when there is no complete Shapefile.
    """
    check_archive(path)
    found: dict[str, dict[str, str]] = {}
    try:
        with ZipFile(path) as archive:
            for info in archive.infolist():
                member = PurePosixPath(info.filename.replace("\\", "/"))
                suffix = member.suffix.lower()
                if not info.is_dir() and suffix in _SHAPE and "__MACOSX" not in member.parts:
                    found.setdefault(str(member.with_suffix("")), {})[suffix] = info.filename
            shapes = []
            for number, (stem, parts) in enumerate(sorted(found.items())):
                if not {".shp", ".dbf"} <= parts.keys():
                    continue
                # A member's own name never becomes a path; only its last part is kept, to find the layer by.
                name = "".join(c for c in PurePosixPath(stem).name if c.isalnum() or c in "_-")[:60] or "shape"
                (folder / str(number)).mkdir()
                for suffix, member_name in parts.items():
                    _extract(archive, member_name, folder / str(number) / f"{name}{suffix}")
                shapes.append(folder / str(number) / f"{name}.shp")
    except (BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise FileUnreadable(detail=str(error)[:200]) from error
    if not shapes:
        raise FileUnreadable(detail=".shp + .dbf")
    return shapes


def _extract(archive: ZipFile, member: str, target: Path) -> None:
    # The directory may lie about sizes: count while unpacking.
    left = MAX_UNPACKED
    with archive.open(member) as source, target.open("wb") as out:
        while chunk := source.read(MB):
            left -= len(chunk)
            if left < 0:
                raise FileTooLarge(limit=f"{MAX_UNPACKED // MB} MB", found=member[:60])
            out.write(chunk)
    target.chmod(0o600)
