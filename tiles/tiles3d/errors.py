"""Typed faults of imports. Each names the file and what is wrong with it, so that a person can go and mend it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin.errors import Invalid, NotFound, TooLarge


class DeliveryError(Invalid):
    """A delivery that cannot be imported.

    ``params`` always has ``file`` (relative to the delivery where possible) and ``fault`` (English, for logs; the
    text for people comes from the code).
    """

    code = "tiles3d_delivery"

    def __init__(self, file: str | Path, fault: str, **params: Any) -> None:
        super().__init__(file=str(file), fault=fault, **params)
        self.file = str(file)
        self.fault = fault

    def __str__(self) -> str:
        return f"{self.code}: {self.file}: {self.fault}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Raised in worker processes: has to survive pickling.
        rest = {k: v for k, v in self.params.items() if k not in ("file", "fault")}
        return (_rebuild, (type(self), self.file, self.fault, rest))


def _rebuild(kind: type[DeliveryError], file: str, fault: str, rest: dict[str, Any]) -> DeliveryError:
    error = kind.__new__(kind)
    DeliveryError.__init__(error, file, fault, **rest)
    for name, value in rest.items():
        setattr(error, name, value)
    return error


class UnknownDelivery(DeliveryError):
    """Nothing importable at that path."""

    code = "tiles3d_unknown_delivery"


class BrokenFile(DeliveryError):
    """A file that is cut off or not what its name says."""

    code = "tiles3d_broken_file"


class MissingTexture(DeliveryError):
    """A picture that a mesh refers to is not in the delivery, or cannot be read."""

    code = "tiles3d_missing_texture"


class EmptyTile(DeliveryError):
    """A tile without a single triangle or point."""

    code = "tiles3d_empty_tile"


class UnsafePath(DeliveryError):
    """A reference that leads out of the delivery's folder."""

    code = "tiles3d_unsafe_path"


class Bomb(DeliveryError):
    """Compressed data that would unpack to more than is sane."""

    code = "tiles3d_bomb"


class EncoderMissing(DeliveryError):
    """The encoder of KTX2 textures is not installed, or gave up."""

    code = "tiles3d_encoder_missing"


class SrsError(DeliveryError):
    """The coordinate reference system is missing, unreadable or does not fit the origin. ``candidates`` lists likely
    ones, best first.
    """

    code = "tiles3d_srs"

    def __init__(self, file: str | Path, fault: str, candidates: Sequence[str] = (), **params: Any) -> None:
        super().__init__(file, fault, candidates=list(candidates), **params)
        self.candidates = list(candidates)


class AlignError(DeliveryError):
    """Control points that do not determine a transform, or do not fit."""

    code = "tiles3d_align"


class TilesetNotFound(NotFound):
    """No such tileset, or not visible to this account."""

    code = "tileset_not_found"


class TileNotFound(NotFound):
    """No such file in the tileset."""

    code = "model_file_not_found"


class TooManyPoints(TooLarge):
    """More points in one height request than allowed."""

    code = "too_many_points"


class RasterNotFound(NotFound):
    """No such raster, or not this version any more."""

    code = "raster_not_found"


class SiteNotFound(NotFound):
    """No such site, or not visible to this account."""

    code = "tiles3d_site_not_found"


class CameraNotFound(NotFound):
    """No such camera in the site."""

    code = "tiles3d_camera_not_found"
