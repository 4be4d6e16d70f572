"""Bodies of the people API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Class = Literal["employee", "contractor", "visitor"]
Sex = Literal["", "male", "female"]
#: No control characters: PostgreSQL keeps no NUL, and nothing of a name needs one.
PRINTABLE = r"^[^\x00-\x1f]*$"
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=PRINTABLE)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=PRINTABLE)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=PRINTABLE)]


class Position(BaseModel):
    """Where somebody was at ``t``: degrees (EPSG:4326), m above the ellipsoid, m, s of age now; ``state`` says how far
    it can be trusted."""

    lon: float
    lat: float
    h: float
    floor: str | None
    zone: str | None
    zone_name: str | None
    r95: float
    state: str
    age: float
    t: datetime


class DutyOut(BaseModel):
    """A post (岗位职务) and how many active people hold it."""

    duty: str
    people: int


class PersonOut(BaseModel):
    """A person; ``badge`` is the code of the one they carry, ``position`` null before the first fix."""

    id: UUID
    code: str
    name: str
    sex: Sex
    klass: Class = Field(serialization_alias="class")
    department: str | None
    department_name: str | None
    employer: str
    duty: str
    trade: str
    phone: str
    account_id: UUID | None
    active: bool
    version: int
    badge: str | None
    badge_since: datetime | None
    battery: float | None
    position: Position | None


class PeoplePage(BaseModel):
    """By name; ``next`` goes on from there (``after``), null at the end."""

    items: list[PersonOut]
    next: str | None


class PersonIn(BaseModel):
    """A new person."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    code: Code
    name: Name
    sex: Sex = ""
    klass: Class = Field(alias="class")
    department: Code | None = None
    employer: Line = ""
    duty: Line = ""
    trade: Line = ""
    phone: Line = ""
    account_id: UUID | None = None
    active: bool = True


class PersonChange(BaseModel):
    """What is to change; ``version`` is the one it is based on."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    version: int = Field(ge=1, le=2**31 - 1)
    code: Code | None = None
    name: Name | None = None
    sex: Sex | None = None
    klass: Class | None = Field(default=None, alias="class")
    department: Code | None = None
    employer: Line | None = None
    duty: Line | None = None
    trade: Line | None = None
    phone: Line | None = None
    account_id: UUID | None = None
    active: bool | None = None


class DepartmentIn(BaseModel):
    """A department as it is to be."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    name_en: Line = ""
    parent_code: Code | None = None


class DepartmentOut(BaseModel):
    """A department with how many people belong to it directly."""

    code: str
    name: str
    name_en: str
    parent_code: str | None
    people: int


class BadgeIn(BaseModel):
    """Which badge is issued."""

    model_config = ConfigDict(extra="forbid")
    badge: Code


class CarriedOut(BaseModel):
    """A badge in somebody's hands; ``until`` null: still."""

    model_config = ConfigDict(from_attributes=True)

    badge: str
    subject_name: str
    since: datetime
    until: datetime | None


class Imported(BaseModel):
    """What an import did, or with ``dry`` would do; with errors nothing is written."""

    rows: int
    created: int
    updated: int
    unchanged: int
    errors: list[dict[str, Any]]


class TerminalIn(BaseModel):
    """A line of the ledger as it is to be."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["badge", "vehicle_unit", "anchor", "handheld"]
    model: Line = ""
    ex_mark: Line = ""
    ex_certificate: Line = ""
    ex_expiry: date | None = None
    temp_limit_c: float | None = Field(default=None, ge=-50, le=300)
    battery: float | None = Field(default=None, ge=0, le=100)
    battery_on: date | None = None
    battery_years: float | None = Field(default=None, gt=0, le=30)
    nfc: Line = ""
    vibrates: bool = False
    zone_code: Code | None = None
    note: Line = ""
    active: bool = True


class TerminalOut(TerminalIn):
    """A line of the ledger.

    ``flags``: low_battery, battery_due, expired, expiring, unsuitable (in an Ex area without what that needs). ``zone``
    is where it is fixed or was last located; ``holder`` who carries it.
    """

    model_config = ConfigDict(extra="ignore")

    id: UUID
    code: str
    version: int
    last_heartbeat: datetime | None
    holder: str | None
    zone: str | None
    in_ex_area: bool
    flags: list[str]


class Terminals(BaseModel):
    """By code; ``counts`` says how many carry each flag, over all of them."""

    items: list[TerminalOut]
    next: str | None
    counts: dict[str, int]


class CallIn(BaseModel):
    """A message to one person (``target``: their id), to everybody in a zone (its code), or to everyone on site.

    ``recall`` asks them to come out; it is shown and sounds like an alarm.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["call", "recall"] = "call"
    scope: Literal["person", "zone", "everyone"]
    target: Line = ""
    message: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")
    ]


class CallOut(BaseModel):
    """A call and what became of it: ``people`` called, of them ``told`` in their inbox and ``read`` by them,
    ``vibrated`` asked of badges and ``delivered`` by them; ``unreached`` have neither."""

    id: UUID
    kind: str
    scope: str
    target: str
    target_name: str
    message: str
    by_name: str
    at: datetime
    people: int
    told: int
    read: int
    vibrated: int
    delivered: int
    unreached: int


class ReceiptOut(BaseModel):
    """What became of a call for one person. ``command``: none, queued or delivered."""

    person_id: UUID
    name: str
    klass: str = Field(serialization_alias="class")
    department: str | None
    badge: str
    told: bool
    read_at: datetime | None
    command: str


class CallDetail(CallOut):
    """A call with the receipt of everybody who was called."""

    receipts: list[ReceiptOut]


class CallsPage(BaseModel):
    """Newest first; ``next`` goes on from there (``before``)."""

    items: list[CallOut]
    next: UUID | None


class SosIn(BaseModel):
    """A call for help from a handheld; with the GNSS fix that it has, if any: degrees, m, s since the fix."""

    model_config = ConfigDict(extra="forbid")

    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    accuracy: float | None = Field(default=None, ge=0, le=10_000)
    age: float = Field(default=0.0, ge=0, le=86_400)
    note: Line = ""


class SosOut(BaseModel):
    """The alarm that was raised (or was still open), how many were told, and the place that it carries."""

    alarm: UUID
    told: int
    position: dict[str, Any] | None
