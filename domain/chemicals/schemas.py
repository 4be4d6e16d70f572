"""What the API of chemicals and major hazards takes and gives. Masses in tonnes, densities in t/m3."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_PRINTABLE = r"^[^\x00-\x1f]*$"
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=_PRINTABLE)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=_PRINTABLE)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000, pattern=r"^[^\x00]*$")]
Key = Annotated[str, StringConstraints(max_length=20, pattern=r"^[A-Za-z0-9.]*$")]
Cas = Annotated[str, StringConstraints(pattern=r"^([0-9]{2,7}-[0-9]{2}-[0-9])?$")]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Tonnes = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class ChemicalIn(BaseModel):
    """A chemical. ``own_q`` and ``own_beta`` are for what the dictionary has no row for; they need a ``basis``."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    name_en: Line = ""
    cas: Cas = ""
    roles: Annotated[list[Literal["raw", "intermediate", "product"]], Field(min_length=1, max_length=3)]
    entry: Key = ""
    category: Key = ""
    own_q: float | None = Field(default=None, gt=0, le=1e6, allow_inf_nan=False)
    own_beta: float | None = Field(default=None, gt=0, le=100, allow_inf_nan=False)
    basis: Line = ""
    density: float | None = Field(default=None, gt=0, le=25, allow_inf_nan=False)
    flash_point: float | None = Field(default=None, ge=-273.15, le=2000, allow_inf_nan=False)
    lel: Percent | None = None
    uel: Percent | None = None
    oel: Line = ""
    hazards: Prose = ""
    first_aid: Prose = ""
    fire_fighting: Prose = ""
    leak: Prose = ""
    sds_id: UUID | None = None


class ChemicalChange(ChemicalIn):
    """The whole chemical; ``version`` is the one that it is based on."""

    version: Version


class ChemicalOut(ChemicalIn):
    """With what follows from the dictionary: ``q_from``, ``beta_from`` are ``named:..``, ``classes:..`` or ``entered``."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)

    id: UUID
    version: int
    updated_at: datetime
    q: float | None
    q_from: str
    beta: float | None
    beta_from: str


class ChemicalsPage(BaseModel):
    """By name; ``next`` goes on from there (``after``), null at the end."""

    items: list[ChemicalOut]
    next: str | None


class DictionaryRow(BaseModel):
    """A row of GB 18218; null where the source gives none."""

    key: str
    zh: str = ""
    en: str = ""
    q: float | None
    beta: float | None


class ChemicalDictionary(BaseModel):
    """What is shipped of GB 18218."""

    source: str
    named: list[DictionaryRow]
    classes: list[DictionaryRow]


class StoredLine(BaseModel):
    """What is stored: a tank (``tank_code``, ``filling`` as a share of its volume, ``level_tag`` of its level point), or

    goods and inventory with their design maximum ``design_t`` and what is there now (``current_t``).
    """

    model_config = ConfigDict(extra="forbid")

    chemical_id: UUID
    place: Line = ""
    tank_code: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=_PRINTABLE)] | None = None
    filling: float | None = Field(default=None, gt=0, le=1)
    level_tag: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=_PRINTABLE)] | None = None
    design_t: Tonnes | None = None
    current_t: Tonnes | None = None


class MajorUnitIn(BaseModel):
    """A unit by GB 18218: tank farm by dike, warehouse by building, process unit between shut-off valves."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    name_en: Line = ""
    kind: Literal["tank_farm", "warehouse", "process"]
    zone_code: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=_PRINTABLE)]
    residents: Annotated[int, Field(ge=0, le=10**7)]
    lines: Annotated[list[StoredLine], Field(max_length=300)]


class MajorUnitChange(MajorUnitIn):
    """The whole unit; ``version`` is the one that it is based on."""

    version: Version


class MajorDraft(BaseModel):
    """As much of a unit as its level needs."""

    model_config = ConfigDict(extra="forbid")

    residents: Annotated[int, Field(ge=0, le=10**7)]
    lines: Annotated[list[StoredLine], Field(max_length=300)]


class ChemicalRowFault(BaseModel):
    """What is wrong in a row of a file; ``row`` as Excel shows it."""

    row: int
    column: str
    message: str


class ChemicalImport(BaseModel):
    """What a file would do, or did."""

    rows: int
    created: int
    updated: int
    unchanged: int
    errors: list[ChemicalRowFault]
    applied: bool


class AssessedRow(BaseModel):
    """A line with all that its share of S and R is made of.

    ``now_t`` counts as it is when ``now_known``; what is not known now counts with its design maximum.
    """

    chemical_id: UUID
    name: str
    name_en: str
    place: str
    tank_code: str | None
    volume_m3: float | None
    filling: float | None
    density: float | None
    level_tag: str | None
    level_percent: float | None
    level_at: datetime | None
    design_t: float
    now_t: float
    now_known: bool
    q: float
    q_from: str
    beta: float
    beta_from: str
    basis: str


class MajorOutcome(BaseModel):
    """S, R, and the level 1 (highest) to 4; null: no major hazard."""

    s: float
    r: float
    level: int | None


class Assessed(BaseModel):
    """A result with its inputs: at design maximum (this is the statutory one) and as it stands."""

    residents: int
    alpha: float
    design: MajorOutcome
    now: MajorOutcome
    rows: list[AssessedRow]


class MajorFault(BaseModel):
    """Why a unit cannot be computed."""

    where: str
    code: str
    value: str


class MajorUnitOut(MajorUnitIn):
    """A unit; ``result`` is null while there are ``faults``."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    version: int
    updated_at: datetime
    result: Assessed | None
    faults: list[MajorFault]


class MajorResult(BaseModel):
    """A result of the history: why it was computed and with which inputs."""

    id: UUID
    at: datetime
    cause: str
    result: Assessed


class MajorPreview(BaseModel):
    """What a unit would come to, or why it cannot be computed."""

    result: Assessed | None
    faults: list[MajorFault]
