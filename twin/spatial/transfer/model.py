"""What the readers and writers of all formats share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twin.errors import Invalid, TooLarge, UnsupportedMedia
from twin.spatial.validate import Fault

MB = 1024 * 1024
#: Largest file that is taken, and what it may unpack to.
MAX_BYTES = 64 * MB
MAX_UNPACKED = 256 * MB
MAX_ROWS = 20_000


class UnsupportedFormat(UnsupportedMedia):
    """A kind of file that is not read or written here."""

    code = "unsupported_format"


class FileUnreadable(Invalid):
    """The file is damaged, or not what its name says; ``params['detail']`` is what the reader said."""

    code = "file_unreadable"


class FileTooLarge(TooLarge):
    """More bytes, packed or unpacked, or more rows than allowed."""

    code = "file_too_large"


class CrsMismatch(Invalid):
    """The file states another coordinate system than the one that was chosen."""

    code = "crs_mismatch"


class CrsUnsuitable(Invalid):
    """The site lies outside the area of the coordinate system, or it is no plane or geographic one."""

    code = "crs_unsuitable"


class LayerUnclear(Invalid):
    """The file has several layers, and none is named like the one that it is for."""

    code = "layer_unclear"


class ColumnMissing(Invalid):
    """The table has no column with the code."""

    code = "column_missing"


class ImportInvalid(Invalid):
    """Rows of the file do not hold; nothing was written. ``errors`` names each row."""

    code = "import_invalid"


class ExportImpossible(Invalid):
    """The format cannot carry a value without loss; ``errors`` names the features."""

    code = "export_impossible"


@dataclass
class Raw:
    """A row as the file has it: its own names of properties, its own coordinates."""

    row: int
    properties: dict[str, Any]
    geometry: dict[str, Any] | None
    label: str = ""
    faults: list[Fault] = field(default_factory=list)


@dataclass
class Read:
    """A file's rows. ``crs`` is the coordinate system that it states itself, a normalised name, if it does."""

    rows: list[Raw]
    crs: str | None = None


@dataclass(frozen=True)
class Options:
    """What the person who imports may say.

    Attributes:
        cad_layers: layers of a DXF drawing to take; empty finds them by name.
        unit: length unit of a DXF drawing in metres; None believes the drawing.
        defaults: properties of rows that do not give them.
    """

    cad_layers: tuple[str, ...] = ()
    unit: float | None = None
    defaults: dict[str, Any] = field(default_factory=dict)


def check_rows(count: int) -> None:
    """Refuse too many rows.

    Raises:
        FileTooLarge: above ``MAX_ROWS``.
    """
    if count > MAX_ROWS:
        raise FileTooLarge(limit=f"{MAX_ROWS}", found=f"{count}")
