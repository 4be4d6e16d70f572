"""Bodies and answers of the hazard loop."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from twin.signature.schemas import Confirmation
from twin.text_in import Body, Day, Instant, Line, Name, Paragraph

_Photos = Annotated[list[UUID], Field(min_length=1, max_length=12)]
_People = Annotated[list[UUID], Field(min_length=1, max_length=8)]
_Say = Annotated[str, Field(min_length=2, max_length=2000)]


class Fixed(Body):
    """What was done on the spot (即查即改); ``photos`` were taken for the same number after the fix."""

    cause: _Say
    measures: _Say
    cost: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    photos: _Photos


class ReportIn(Body):
    """A hazard as it was found. ``number`` comes from ``POST /api/hazards/numbers``; ``photos`` are live ones of it."""

    number: Annotated[str, Field(pattern=r"^YH-\d{8}-\d{4,6}$")]
    title: Name
    description: Paragraph = ""
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    height: Annotated[float | None, Field(ge=-500, le=9000)] = None
    level: Annotated[int, Field(ge=0, le=1)] = 0
    hazard_type: Annotated[int, Field(ge=1, le=8)] = 8
    source: Annotated[int, Field(ge=1, le=10)] = 1
    category: Annotated[int, Field(ge=0, le=3)] = 0
    department: Line = ""
    risk_measure_id: UUID | None = None
    photos: _Photos
    fixed: Fixed | None = None


_Criterion = Annotated[str, Field(pattern=r"^[\w-]{1,20}$")]


class Evaluate(Body):
    """It is one: its grade and class. A major one names the criteria that it meets."""

    level: Annotated[int, Field(ge=0, le=1)]
    hazard_type: Annotated[int, Field(ge=1, le=8)]
    criteria: Annotated[list[_Criterion], Field(max_length=30)] = []


class Reason(Body):
    """Why."""

    reason: _Say


class ConfirmFixed(Evaluate):
    """It is one, and it was put right on the spot: who accepts it."""

    acceptor_ids: _People


class Plan(Body):
    """The five elements for a major hazard: measures, funds, deadline, responsible person, emergency plan."""

    measures: _Say
    funds: _Say
    deadline: _Say
    responsible: _Say
    emergency: _Say


class Assign(Body):
    """Who puts it right, until when, and who accepts it (all of them sign)."""

    owner_id: UUID
    acceptor_ids: _People
    deadline: Instant
    plan: Plan | None = None


class Rectify(Fixed):
    """What was done. ``permit``: number of the permit under which it was."""

    permit: Line = ""


class AskExtension(Reason):
    """A later deadline and why."""

    until: Instant


class Accept(Body):
    """One acceptor's opinion, signed."""

    opinion: Paragraph = ""
    confirmation: Confirmation


class NamedPerson(BaseModel):
    """Somebody who can be named."""

    id: UUID
    name: str
    roles: list[str]


class Acceptance(BaseModel):
    """A signed acceptance."""

    acceptor_id: UUID
    acceptor_name: str
    opinion: str
    signature_id: UUID
    at: AwareDatetime


class Rectification(BaseModel):
    """A round of putting right and its acceptances."""

    id: UUID
    round: int
    cause: str
    measures: str
    cost: float
    permit: str
    photos: list[UUID]
    by_name: str
    at: AwareDatetime
    acceptances: list[Acceptance] = []


class HazardOut(BaseModel):
    """A hazard. ``photos`` are ids of live photos (their pictures: ``photo_files`` in the detail)."""

    id: UUID
    code: str
    name: str
    version: int
    status: str
    level: int
    hazard_type: int
    source: int
    category: int
    manage_type: int
    description: str
    zone_code: str | None
    department: str
    origin: str
    reporter_name: str
    owner_id: UUID | None
    owner_name: str
    acceptor_ids: list[UUID]
    created_at: AwareDatetime
    deadline: AwareDatetime | None
    days_left: int | None
    overdue: bool
    rectified_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    lon: float
    lat: float


class HazardPage(BaseModel):
    """A page, newest first; ``next`` goes into ``before``."""

    items: list[HazardOut]
    next: UUID | None


class HazardDetail(HazardOut):
    """Everything, and what the reader may do now. ``origin_key``: the record of ``origin`` that it came from."""

    origin_key: str
    photos: list[UUID]
    photo_files: dict[str, UUID]
    criteria: list[str]
    criteria_version: str
    plan: dict[str, Any]
    dismiss_reason: str
    send_back_reason: str
    extension_until: AwareDatetime | None
    extension_reason: str
    risk_measure_id: UUID | None
    rectifications: list[Rectification]
    possible: list[str]


class NumberOut(BaseModel):
    """A reserved number."""

    number: str


class HazardStatistics(BaseModel):
    """Numbers of the ledger; rates in 0..1, null without a case."""

    total: int
    open: int
    overdue: int
    by_status: dict[str, int]
    by_level: dict[str, int]
    by_type: dict[str, int]
    by_source: dict[str, int]
    by_zone: dict[str, int]
    by_department: dict[str, int]
    on_time_rate: float | None
    closed_rate: float | None
    repeat_rate: float | None


class NoticeIn(Body):
    """A rule: who (a role) is told of new hazards of a class and grade; null fits every one."""

    hazard_type: Annotated[int | None, Field(ge=1, le=8)] = None
    level: Annotated[int | None, Field(ge=0, le=1)] = None
    role: Literal["leader", "manager", "employee", "regulator"]


class CriteriaIn(Body):
    """A version of the checklist: rows of code, Chinese, English."""

    version: Name
    effective_from: Day
    items: Annotated[
        list[Annotated[list[Name], Field(min_length=3, max_length=3)]], Field(min_length=1, max_length=300)
    ]


class Criteria(BaseModel):
    """The checklist by which a hazard is a major one."""

    version: str
    effective_from: date
    in_force: bool
    items: list[list[str]]
