"""Bodies and answers of the risk map."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from realtime.risk.book import RuleBody
from twin.signature.schemas import Confirmation
from twin.text_in import Body

CardKind = Literal["emergency", "knowledge", "post"]
PHONE = r"^[0-9+\- ]{3,24}$"
Level = Annotated[int, Field(ge=1, le=4)]
Line = Annotated[str, Field(max_length=200)]


class InputOut(BaseModel):
    """A kind of facts that rules may ask for, with the attributes that conditions may test."""

    kind: str
    title: str
    attributes: dict[str, str]


class RiskRuleOut(BaseModel):
    """A rule. ``title`` is in the reader's language."""

    key: str
    title: str
    title_zh: str
    title_en: str
    icon: str
    body: RuleBody
    enabled: bool
    version: int
    updated_at: datetime
    fed: bool = Field(description="whether any module feeds facts of its kind")


class RiskRuleIn(Body):
    """A rule as it shall be; ``version`` 0 adds a new one. Changing what decides over colours is signed."""

    title_zh: Annotated[str, Field(min_length=1, max_length=100)]
    title_en: Annotated[str, Field(min_length=1, max_length=100)]
    icon: Annotated[str, Field(min_length=1, max_length=40)] = "info"
    body: RuleBody
    enabled: bool = True
    version: Annotated[int, Field(ge=0)]
    confirmation: Confirmation


class TrialIn(Body):
    """What would have been: the rules as they are, with this one changed, over the last days."""

    key: Annotated[str, Field(min_length=1, max_length=60)]
    body: RuleBody
    enabled: bool = True
    days: Annotated[int, Field(ge=1, le=30)] = 30


class TrialZone(BaseModel):
    """Seconds that a zone spent at each level (1..4), as it was and as it would have been."""

    zone: str
    was: dict[int, float]
    would: dict[int, float]


class TrialOut(BaseModel):
    """Zones that would have been coloured otherwise. ``lifts`` counts changes to a worse level."""

    days: int
    facts: int
    lifts_were: int
    lifts_would: int
    zones: list[TrialZone]


class CauseFact(BaseModel):
    """A fact behind a cause: where it can be read again."""

    kind: str
    key: str
    since: datetime | None
    until: datetime | None
    attributes: dict[str, Any]


class CauseOut(BaseModel):
    """A rule that lifts the zone, with its facts (at most twenty; ``total`` counts all)."""

    rule: str
    title: str
    icon: str
    since: datetime
    total: int
    facts: list[CauseFact]


class ZoneState(BaseModel):
    """What a zone shows at a time, and why."""

    zone: str
    at: datetime
    since: datetime
    level: Level
    own: Level
    static: Level | None
    child: str | None
    override: bool
    causes: list[CauseOut]


class LevelChange(BaseModel):
    """A change of level (or only of the rules that lift)."""

    zone: str
    at: datetime
    before: Level
    after: Level
    own: Level
    child: str | None
    override: bool
    rules: list[str]


class TimelinePart(BaseModel):
    """What happened from ``at`` on for one step: changes of colour and the gravest level that a zone changed to, alarms and their gravest
    grade (1 gravest; null: none)."""

    at: datetime
    changes: int
    level: Level | None
    alarms: int
    grade: Level | None


class Timeline(BaseModel):
    """A period in steps of ``step`` seconds, oldest first; steps in which nothing happened are left out."""

    start: datetime
    end: datetime
    step: float
    parts: list[TimelinePart]


class LevelsAt(BaseModel):
    """Levels of all zones at a time, by code; a zone of which nothing is written down yet is left out."""

    at: datetime
    levels: dict[str, Level]


class OverrideIn(Body):
    """A person's decision on the level of a zone."""

    level: Level
    reason: Annotated[str, Field(min_length=2, max_length=500)]
    until: datetime
    confirmation: Confirmation


class OverrideOut(BaseModel):
    """A decision in force."""

    zone: str
    level: Level
    reason: str
    at: datetime
    until: datetime
    by: str


class CardSection(Body):
    """A heading with its lines."""

    heading: Annotated[str, Field(min_length=1, max_length=60)]
    lines: Annotated[list[Annotated[str, Field(min_length=1, max_length=500)]], Field(max_length=30)]


class CardPhone(Body):
    """Whom to call."""

    name: Line
    phone: Annotated[str, Field(pattern=PHONE)]


class CardIn(Body):
    """A card as it shall be; ``version`` 0 adds a new one."""

    title: Annotated[str, Field(min_length=1, max_length=100)]
    sections: Annotated[list[CardSection], Field(min_length=1, max_length=12)]
    phones: Annotated[list[CardPhone], Field(max_length=12)] = []
    version: Annotated[int, Field(ge=0)]


class CardOut(BaseModel):
    """A card of a zone (``post`` empty) or of a post in it."""

    zone: str
    kind: CardKind
    post: str
    title: str
    sections: list[CardSection]
    phones: list[CardPhone]
    version: int
    updated_at: datetime


class CardDraft(BaseModel):
    """What a card can begin with, out of the registers; a heading without lines says that they know nothing."""

    title: str
    sections: list[CardSection]
    phones: list[CardPhone]


class CardRef(BaseModel):
    """A card in a list."""

    id: UUID
    zone: str
    zone_name: str
    kind: CardKind
    post: str
    title: str
    version: int
    updated_at: datetime


class CardPage(BaseModel):
    """Cards; ``next`` is the ``after`` of the page behind."""

    items: list[CardRef]
    next: UUID | None


class Responsible(BaseModel):
    """Somebody responsible."""

    name: str
    phone: str
    role: str


class ZoneOut(BaseModel):
    """Everything about a zone that the reader may see: its state, the last day, who is responsible, cards, and what modules add
    (``sections``: by module, each with ``total`` and ``items``)."""

    id: str
    code: str
    name: str
    kind: str
    control_level: int | None
    state: ZoneState
    history: list[LevelChange]
    responsible: list[Responsible]
    cards: list[CardOut]
    sections: dict[str, dict[str, Any]]


class LedOut(BaseModel):
    """What an LED screen shows. ``lines`` end with the time of this answer: a screen that gets no newer answer must go dark."""

    zone: str
    level: int
    colour: Literal["red", "orange", "yellow", "blue"]
    lines: list[str]
    at: datetime
