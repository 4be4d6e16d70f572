"""Bodies and answers of the early-warning index."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from domain.early_warning.model import IndexBands, IndexModelBody
from twin.text_in import Body

State = Literal["scored", "no_data", "no_module"]


class IndexIndicator(BaseModel):
    """An indicator in the index. ``penalty`` = ``coefficient`` · ``excess``; ``value`` None: no data."""

    key: str
    title: str
    value: float | None
    unit: str
    excess: float
    coefficient: float
    penalty: float
    rows: int
    veto: bool
    timed: bool = Field(description="whether its rows can be asked for at any instant")


class IndexAspect(BaseModel):
    """An aspect. ``weight`` as the model has it, ``share`` what it counts for now; without data it counts for nothing."""

    key: str
    title: str
    state: State
    score: float | None
    weight: float
    share: float
    indicators: list[IndexIndicator]


class IndexVeto(BaseModel):
    """A veto that stands."""

    indicator: str
    title: str
    rows: int


class IndexTrend(BaseModel):
    """The index against the hour written down ``days`` before. ``same_aspects``: whether both have data on the same ones."""

    days: int
    before: float
    change: float
    same_aspects: bool


class IndexArea(BaseModel):
    """The index of an area from the rows that lie in it."""

    zone: str
    name: str
    value: float | None
    level: int | None
    aspects: dict[str, float]


class IndexNow(BaseModel):
    """The index. ``level``: 4 blue, 3 yellow, 2 orange, 1 red. ``uncapped``: without vetoes."""

    at: datetime
    value: float | None
    uncapped: float | None
    level: int | None
    vetoes: list[IndexVeto]
    veto_cap: float
    bands: IndexBands
    model_version: int
    trend: IndexTrend | None
    aspects: list[IndexAspect]
    areas: list[IndexArea]


class IndexPointOut(BaseModel):
    """An hour. ``computed_later``: from rows that carry their times; indicators of the present are missing from it."""

    at: datetime
    value: float
    level: int
    vetoes: list[str]
    aspects: dict[str, float]
    model_version: int
    computed_later: bool


class IndexDay(BaseModel):
    """A day: mean, lowest and highest hour, and how many hours there are."""

    day: date
    value: float
    low: float
    high: float
    hours: int


class IndexForecastDay(BaseModel):
    """A day to come. ``low`` and ``high``: 95 % band from the root mean square of past errors; None: too few of them."""

    day: date
    value: float
    low: float | None
    high: float | None
    errors: int


class IndexForecast(BaseModel):
    """The last days and those to come, by a moving average of three days."""

    past: list[IndexDay]
    future: list[IndexForecastDay]


class IndexRadar(BaseModel):
    """Scores of the aspects now and as the mean over the month before; ``hours``: of how many hours."""

    now: dict[str, float]
    then: dict[str, float]
    since: datetime
    until: datetime
    hours: int


class IndicatorOut(BaseModel):
    """An indicator of the library."""

    key: str
    aspect: str
    title: str
    formula: str
    source: str
    unit: str
    how: Literal["sum", "mean", "share"]
    best: float
    higher: bool
    coefficient: float
    window_hours: float
    timed: bool
    veto: bool
    target: float
    owner: str
    owner_name: str
    version: int
    value: float | None
    met: bool | None


class IndicatorTargetIn(Body):
    """Another target and owner; ``version`` of the one that it replaces (0: as shipped)."""

    version: Annotated[int, Field(ge=0)]
    target: Annotated[float, Field(ge=0, le=1_000_000)]
    owner: Annotated[str, Field(min_length=1, max_length=40)]
    owner_name: Annotated[str, Field(max_length=60)] = ""


class IndicatorRowOut(BaseModel):
    """A row behind an indicator."""

    label: str
    kind: str
    key: str
    value: float
    weight: float
    zones: list[str]


class IndicatorRows(BaseModel):
    """The rows, all of them, and the value that they make: see ``how``."""

    indicator: str
    at: datetime
    how: Literal["sum", "mean", "share"]
    value: float | None
    unit: str
    basis: int
    rows: list[IndicatorRowOut]


class IndexKey(BaseModel):
    """Something of the model with its text."""

    key: str
    title: str


class IndexCoefficient(IndexKey):
    """An indicator that costs points, with the coefficient that it ships with."""

    aspect: str
    coefficient: float
    veto: bool


class IndexModelOut(BaseModel):
    """The model in force; version 0 is the one that ships."""

    version: int
    at: datetime | None
    by: str
    model: IndexModelBody
    weights: dict[str, float]
    consistency_ratio: float
    limit: float
    aspects: list[IndexKey]
    indicators: list[IndexCoefficient]


class IndexModelIn(Body):
    """A new version; ``version`` of the one that it replaces."""

    version: Annotated[int, Field(ge=0)]
    model: IndexModelBody


class IndexModelVersion(BaseModel):
    """A version of the model."""

    version: int
    at: datetime
    by: str
    model: IndexModelBody


class AhpIn(Body):
    """Comparisons in pairs of the aspects, in their order."""

    matrix: Annotated[list[Annotated[list[float], Field(max_length=12)]], Field(max_length=12)]


class AhpOut(BaseModel):
    """What the comparisons give; ``accepted``: whether they contradict one another no more than the limit."""

    weights: dict[str, float]
    consistency_ratio: float
    limit: float
    accepted: bool
