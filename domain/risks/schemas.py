"""Bodies and answers of the risk register."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from twin.signature.schemas import Confirmation
from twin.text_in import Body, Day, Line, Name, Paragraph

Level = Annotated[int, Field(ge=1, le=4)]
Code = Annotated[str, Field(pattern=r"^[\w.-]{1,60}$")]
_Degrees = Annotated[list[Annotated[float, Field(ge=-180, le=180)]], Field(min_length=2, max_length=2)]


class ObjectIn(Body):
    """An analysis object."""

    code: Code
    name: Name
    kind: Literal["major_hazard", "other"] = "other"
    hazard_code: Line = ""
    department: Line = ""
    main_person: Line = ""
    technical_person: Line = ""
    operation_person: Line = ""


class RiskUnitIn(Body):
    """A unit of an object; ``zone_codes`` are zones of the map."""

    object_id: UUID
    code: Code
    name: Name
    department: Line = ""
    liable_person: Line = ""
    zone_codes: Annotated[list[Code], Field(max_length=50)] = []


class EventIn(Body):
    """An event. The level follows from method and factors; ``control_level`` empty takes the one that the level asks for."""

    unit_id: UUID
    name: Name
    category: Literal["equipment", "activity", "place", "material"] = "equipment"
    subject: Line = ""
    content: Paragraph = ""
    accident_types: Annotated[list[Code], Field(max_length=30)] = []
    method: Annotated[str, Field(pattern=r"^[A-Z]{2,10}$")]
    factors: Annotated[dict[str, float], Field(max_length=6)]
    control_level: Level | None = None
    department: Line = ""
    owner: Line = ""


class MeasureIn(Body):
    """A control measure."""

    event_id: UUID
    data_src: Annotated[int, Field(ge=1, le=2)] = 2
    description: Annotated[str, Field(min_length=1, max_length=2000)]
    classify1: Annotated[int, Field(ge=1, le=4)]
    classify2: Annotated[str, Field(pattern=r"^[1-4]-[1-5]$")]
    classify3: Line = ""
    check_content: Paragraph = ""
    owner: Line = ""


class Override(Body):
    """Another level than the computed one: with a reason and a signature."""

    level: Level
    reason: Annotated[str, Field(min_length=4, max_length=1000)]
    control_level: Level | None = None
    confirmation: Confirmation


class DictionaryIn(Body):
    """A version of a dictionary: rows of code, Chinese, English."""

    name: Literal["accident_types", "measure_classes"]
    version: Name
    effective_from: Day
    items: Annotated[
        list[Annotated[list[Name], Field(min_length=3, max_length=3)]], Field(min_length=1, max_length=300)
    ]


class DrawingIn(Body):
    """A drawing (an uploaded picture) and its corners: lon, lat from the top left clockwise."""

    title: Name
    zone_code: Line = ""
    attachment_id: UUID
    corners: Annotated[list[_Degrees], Field(min_length=4, max_length=4)]


class Made(BaseModel):
    """What every row of the register says about itself."""

    id: UUID
    version: int
    updated_at: datetime
    updated_by: str


class ObjectOut(Made):
    """An analysis object."""

    code: str
    name: str
    kind: str
    hazard_code: str
    department: str
    main_person: str
    technical_person: str
    operation_person: str


class UnitOut(Made):
    """A unit."""

    object_id: UUID
    code: str
    name: str
    department: str
    liable_person: str
    zone_codes: list[str]
    level: int | None
    control_level: int | None


class EventOut(Made):
    """An event."""

    unit_id: UUID
    name: str
    category: str
    subject: str
    content: str
    accident_types: list[str]
    dictionary_version: str
    method: str
    factors: dict[str, float]
    score: float
    computed_level: int
    level: int
    override_reason: str
    override_id: UUID | None
    control_level: int
    department: str
    owner: str


class MeasureOut(Made):
    """A measure."""

    event_id: UUID
    data_src: int
    description: str
    classify1: int
    classify2: str
    classify3: str
    check_content: str
    owner: str


class RegisterRow(EventOut):
    """An event with its place in the hierarchy."""

    unit_code: str
    unit_name: str
    object_code: str
    object_name: str
    liable_person: str
    zone_codes: list[str]
    measures: int


class RegisterPage(BaseModel):
    """A page of the register; ``next`` goes into ``after``."""

    items: list[RegisterRow]
    next: UUID | None


class EventDetail(RegisterRow):
    """An event with its measures."""

    measure_items: list[MeasureOut]


class RiskCounts(BaseModel):
    """Numbers of events."""

    total: int
    by_level: dict[str, int]
    by_control_level: dict[str, int]
    by_department: dict[str, dict[str, int]]
    by_zone: dict[str, dict[str, int]]
    without_measure: int


class DictionaryOut(BaseModel):
    """A version of a dictionary."""

    name: str
    version: str
    effective_from: date
    in_force: bool
    items: list[list[str]]


class DrawingOut(Made):
    """A georeferenced drawing."""

    title: str
    zone_code: str
    attachment_id: UUID
    corners: list[list[float]]


class RiskRowFault(BaseModel):
    """A fault in a row of an import (row number as Excel shows it)."""

    where: str
    message: str


class ImportReport(BaseModel):
    """What an import would do, or did."""

    rows: int
    created: dict[str, int]
    updated: dict[str, int]
    unchanged: int
    errors: list[RiskRowFault]
    applied: bool


Facts = dict[str, Any]
