"""Rules as data: their form in the database and over HTTP, and the ones that a new enterprise starts with."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from realtime.risk.types import Condition, Operator, Rule

_Value = str | int | float | bool | list[str | int | float]


class ConditionBody(BaseModel):
    """A test on an attribute of a fact."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=40)]
    op: Operator
    value: _Value


class RuleBody(BaseModel):
    """What a rule does (see :class:`realtime.risk.types.Rule`); times in seconds."""

    model_config = ConfigDict(extra="forbid")
    kind: Annotated[str, Field(min_length=1, max_length=40)]
    where: Annotated[list[ConditionBody], Field(max_length=8)] = []
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    window_s: Annotated[float, Field(ge=0, le=30 * 86400)] = 0
    standing_s: Annotated[float, Field(ge=0, le=30 * 86400)] = 0
    level: Literal[1, 2, 3] | None = None
    steps: Annotated[int, Field(ge=1, le=3)] = 1
    hold_s: Annotated[float, Field(ge=0, le=86400)] = 0
    release_s: Annotated[float, Field(ge=0, le=86400)] = 0
    zone_kinds: list[Literal["plant", "area", "unit", "place"]] = []
    zones: Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Field(max_length=200)] = []

    @model_validator(mode="after")
    def _sense(self) -> RuleBody:
        if self.window_s and self.standing_s:
            raise ValueError("a window counts beginnings: nothing can be asked to stand as well")
        return self

    def rule(self, key: str) -> Rule:
        """The rule that the engine takes."""
        return Rule(
            key,
            self.kind,
            tuple(Condition(c.name, c.op, c.value) for c in self.where),
            self.count,
            self.window_s,
            self.standing_s,
            self.level,
            self.steps,
            self.hold_s,
            self.release_s,
            frozenset(self.zone_kinds),
            frozenset(self.zones),
        )


@cache
def first_rules() -> tuple[dict[str, Any], ...]:
    """The rules of a new enterprise: key, titles, icon and body (``data/rules.json``)."""
    rows: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "rules.json").read_text("utf-8"))
    for row in rows:
        RuleBody.model_validate(row["body"])
    return tuple(rows)
