"""Bodies of the alarm API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Strict(BaseModel):
    """Refuses what it does not know."""

    model_config = ConfigDict(extra="forbid")


class AlarmOut(BaseModel):
    """An alarm. ``status``: unacknowledged, acknowledged, handled (result written, condition stands),
    returned_unacknowledged, returned (gone, result owed), shelved, suppressed, out_of_service, closed."""

    id: UUID
    key: str
    source: str
    type: str
    grade: int
    stage: int
    status: str
    active: bool
    at: datetime
    raised_at: datetime
    returned_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    handled_at: datetime | None
    handled_by: str
    escalated_at: datetime | None
    cause: str
    action: str
    person: str
    hold_reason: str
    hold_until: datetime | None
    hold_by: str
    title: str
    title_en: str
    params: dict[str, Any]
    value: float | None
    limit: float | None
    subject_layer: str | None
    subject_id: UUID | None
    subject_name: str
    zone_code: str | None
    lon: float | None
    lat: float | None
    h: float | None
    floor_code: str | None
    persons: list[UUID]
    version: int
    updated_at: datetime


class AlarmsPage(BaseModel):
    """Newest first; ``next`` goes on from there (``before``), null at the end."""

    items: list[AlarmOut]
    next: UUID | None


class AlarmsAt(BaseModel):
    """Alarms that were open at an instant, as they were then: how many, and the newest of them."""

    at: datetime
    total: int
    items: list[AlarmOut]


class AlarmCard(AlarmOut):
    """An alarm and the steps that the reader could take now."""

    steps: list[str]


class AlarmCounts(BaseModel):
    """Alarms that are not closed: active ones by grade, unacknowledged, and returned ones whose result is owed."""

    open: int
    active: int
    unacknowledged: int
    owed: int
    by_grade: dict[int, int]


class Result(Strict):
    """The written handling result: cause, action, and who did it."""

    cause: Said
    action: Said
    person: Said


class HandleMany(Result):
    """One result for several alarms (e.g. all activations of a chattering point)."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=500)]


class Ids(Strict):
    """Several alarms."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=500)]


class Outcome(BaseModel):
    """Which alarms the step was taken on, and why not on the others (error code)."""

    done: list[UUID]
    refused: dict[UUID, str]


class Shelve(Strict):
    """Until when (at most 24 hours) and why."""

    until: AwareDatetime
    reason: Said


class Why(Strict):
    """The reason of a suppression by design or an outage."""

    reason: Said
