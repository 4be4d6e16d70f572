"""What an enterprise sets for its alarm desk: the annunciator, and recording by cameras."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.alarms.schemas import Strict

Grade = Annotated[int, Field(ge=1, le=4)]


class AnnunciatorSettings(Strict):
    """An audible and visual annunciator behind a Modbus TCP server: one coil for each grade (1 red .. 4 blue)."""

    host: str = Field(min_length=1, max_length=200)
    port: int = Field(default=502, ge=1, le=65535)
    unit: int = Field(default=1, ge=0, le=247)
    coils: dict[Grade, Annotated[int, Field(ge=0, le=65535)]] = Field(min_length=1)


class RecordingSettings(Strict):
    """Which alarms the cameras record, and for how long.

    Attributes:
        max_grade: grades 1 to this. length_s: seconds from the alarm on. pre_roll_s: seconds before it.
        cameras: of one alarm at most: those bound to its point, else the nearest.
        radius_m: how far away the nearest may be.
    """

    enabled: bool = True
    max_grade: Grade = 2
    length_s: int = Field(default=60, ge=1, le=1800)
    pre_roll_s: int = Field(default=10, ge=0, le=60)
    cameras: int = Field(default=2, ge=1, le=8)
    radius_m: float = Field(default=100.0, ge=0, le=5000)


class DeskSettings(Strict):
    """Settings of the desk."""

    annunciator: AnnunciatorSettings | None = None
    recording: RecordingSettings = RecordingSettings()
