"""Bodies and answers of inspections."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from twin.signature.schemas import Confirmation
from twin.text_in import Body, Day, Instant, Line, Name, Paragraph

Code = Annotated[str, Field(pattern=r"^[\w.-]{1,60}$")]
_Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
_Lon = Annotated[float, Field(ge=-180, le=180)]
_Lat = Annotated[float, Field(ge=-90, le=90)]


class Rule(Body):
    """A period; see ``domain.inspections.periods``."""

    unit: Literal["hour", "day", "week", "month", "shift", "calendar"]
    every: Annotated[int, Field(ge=1, le=366)] = 1
    at: _Clock = "08:00"
    window_minutes: Annotated[int, Field(ge=5, le=60 * 24 * 31)] = 480
    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(max_length=7)] = []
    month_days: Annotated[list[Annotated[int, Field(ge=-1, le=31)]], Field(max_length=31)] = []
    shifts: Annotated[list[Annotated[list[_Clock], Field(min_length=2, max_length=2)]], Field(max_length=6)] = []
    dates: Annotated[list[Day], Field(max_length=366)] = []
    hours: Annotated[list[Annotated[int, Field(ge=0, le=24)]] | None, Field(min_length=2, max_length=2)] = None


class RoutePoint(Body):
    """A point of the route; ``tag`` is what its NFC tag or QR code says."""

    code: Code
    name: Name
    tag: Code
    lon: _Lon
    lat: _Lat
    radius_m: Annotated[float, Field(ge=1, le=500)] = 30


class PlanIn(Body):
    """A plan; either ``owner_id`` or ``post`` (a role) does it."""

    code: Code
    name: Name
    kind: Annotated[int, Field(ge=1, le=8)] = 1
    form: Line = ""
    work_type: Annotated[int, Field(ge=0, le=3)] = 0
    task_num: Annotated[int, Field(ge=0, le=10)] = 0
    rule: Rule
    work_day: Annotated[int, Field(ge=0, le=2)] = 0
    starts_on: Day
    ends_on: Day | None = None
    owner_id: UUID | None = None
    post: Line = ""
    department: Line = ""
    zone_codes: Annotated[list[Code], Field(max_length=50)] = []
    route: Annotated[list[RoutePoint], Field(max_length=200)] = []
    remind_minutes: Annotated[int, Field(ge=0, le=60 * 24 * 7)] = 60
    active: bool = True


class ItemIn(Body):
    """A line of the checklist."""

    content: Annotated[str, Field(min_length=1, max_length=1000)]
    point: Line = ""
    risk_measure_id: UUID | None = None
    unit: Line = ""
    low: float | None = None
    high: float | None = None


class Fill(Body):
    """Where further lines come from: a library that ships, or measures of the risk register."""

    library: Literal["chemical_plant", "pharmaceutical", "storage", "filling_station"] | None = None
    measure_ids: Annotated[list[UUID], Field(max_length=500)] = []


class ItemResult(Body):
    """One line's result: 0 normal, 1 hazard, 2 not checked (why: ``note``), 3 other."""

    item_id: UUID
    result: Annotated[int, Field(ge=0, le=3)]
    reading: float | None = None
    note: Paragraph = ""
    photos: Annotated[list[UUID], Field(max_length=12)] = []


class CheckIn(Body):
    """Presence at a point: what the tag said and where the phone or badge was."""

    tag: Code
    lon: _Lon
    lat: _Lat
    at: Instant


class Work(Body):
    """What was done. ``client_id`` is the handheld's own id: sent again, it is known."""

    client_id: UUID
    at: Instant | None = None
    results: Annotated[list[ItemResult], Field(min_length=1, max_length=500)]
    checkins: Annotated[list[CheckIn], Field(max_length=200)] = []


class Submit(Work):
    """Work on one task, signed."""

    confirmation: Confirmation


class PlanPerson(BaseModel):
    """Somebody whom a plan can name."""

    id: UUID
    name: str
    roles: list[str]


class OfflineWork(Work):
    """Work that was done without connection."""

    task_id: UUID


class Sync(Body):
    """All work that waits on the handheld, signed together."""

    work: Annotated[list[OfflineWork], Field(min_length=1, max_length=100)]
    confirmation: Confirmation


class Synced(BaseModel):
    """What became of one piece: ``accepted``, ``duplicate`` (known already), ``conflict`` (somebody else did it) or
    ``refused``; ``error`` says why."""

    client_id: UUID
    task_id: UUID
    outcome: Literal["accepted", "duplicate", "conflict", "refused"]
    code: str = ""
    error: str = ""


class HandOver(Body):
    """To whom."""

    account_id: UUID


class StopIn(Body):
    """A stop or holidays; ``scope_key``: zone code, or code of the risk unit."""

    kind: Literal["stop", "holiday"]
    scope: Literal["plant", "zone", "unit"] = "plant"
    scope_key: Line = ""
    reason: Name
    starts_at: Instant
    ends_at: Instant | None = None


class Resume(Body):
    """From when it runs again."""

    at: Instant


class DayIn(Body):
    """A day of the calendar."""

    day: Day
    kind: Literal["holiday", "workday"]


class ItemOut(ItemIn):
    """A line with its id."""

    id: UUID
    position: int


class PlanOut(BaseModel):
    """A plan."""

    id: UUID
    version: int
    code: str
    name: str
    kind: int
    form: str
    work_type: int
    task_num: int
    rule: dict[str, Any]
    work_day: int
    starts_on: date
    ends_on: date | None
    owner_id: UUID | None
    post: str
    department: str
    zone_codes: list[str]
    route: list[dict[str, Any]]
    remind_minutes: int
    active: bool
    dispatched_to: AwareDatetime | None


class PlanDetail(PlanOut):
    """A plan with its checklist."""

    items: list[ItemOut]


class TaskOut(BaseModel):
    """A task; ``number`` stands on its photos."""

    id: UUID
    number: str
    plan_id: UUID
    plan_name: str
    status: str
    version: int
    starts_at: AwareDatetime
    due_at: AwareDatetime
    assignee_id: UUID | None
    assignee_name: str
    post: str
    done_at: AwareDatetime | None
    done_name: str | None
    late: bool
    signature_id: UUID | None


class TaskPage(BaseModel):
    """A page of tasks, newest first."""

    items: list[TaskOut]
    next: UUID | None


class RecordOut(BaseModel):
    """A line's result."""

    id: UUID
    item_id: UUID
    content: str
    result: int
    reading: float | None
    note: str
    photos: list[UUID]
    by_name: str
    at: AwareDatetime


class TaskDetail(TaskOut):
    """A task with checklist, route, results."""

    items: list[ItemOut]
    route: list[dict[str, Any]]
    checkins: list[dict[str, Any]]
    records: list[RecordOut]


class StopOut(StopIn):
    """A stop."""

    id: UUID
    version: int
    created_by: str


class HistoryRow(BaseModel):
    """What happened at one due time of a plan: a task, or nothing and why."""

    starts_at: AwareDatetime
    status: str
    task_id: UUID | None
    done_at: AwareDatetime | None
    done_name: str | None
    late: bool
    normal: int
    hazards: int
    unchecked: int
    stop_kind: str | None
    stop_reason: str | None


class InspectionRates(BaseModel):
    """Numbers of tasks in a span; ``rate`` = done / (done + overdue), suspended ones do not count."""

    done: int
    in_time: int
    late: int
    overdue: int
    waiting: int
    suspended: int
    rate: float | None
    by_plan: dict[str, dict[str, int]]
    by_zone: dict[str, dict[str, int]]
