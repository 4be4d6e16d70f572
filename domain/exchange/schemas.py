"""Bodies and answers of the exchange."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from twin.text_in import Body, Name

_Hex = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{32}$")]
_Path = Annotated[str, Field(pattern=r"^/[\w./-]{0,200}$")]


class TargetIn(Body):
    """A receiving platform and its adapter; ``names`` maps ``kind.field`` to the target's own spelling."""

    code: Annotated[str, Field(pattern=r"^[\w.-]{1,60}$")]
    name: Name
    base_url: Annotated[str, Field(pattern=r"^https?://[\w.:/\[\]-]{1,200}$")]
    company_code: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{9,18}$")]
    cipher: Literal["aes-128-cbc", "sm4-cbc", "none"] = "aes-128-cbc"
    key: _Hex
    iv: _Hex
    time_format: Literal["compact", "plain"] = "compact"
    page: Annotated[int, Field(ge=1, le=500)] = 20
    paths: Annotated[dict[str, _Path], Field(max_length=20)] = {}
    names: Annotated[dict[str, Annotated[str, Field(pattern=r"^\w{1,60}$")]], Field(max_length=100)] = {}


class TargetOut(BaseModel):
    """A target without its key."""

    id: UUID
    code: str
    name: str
    base_url: str
    company_code: str
    config: dict[str, Any]
    active: bool


class SentOut(BaseModel):
    """What happened to a kind."""

    kind: str
    rows: int
    outcome: str
    error: str


class RunOut(SentOut):
    """A line of the log."""

    at: AwareDatetime


class Preview(BaseModel):
    """The first rows of a kind as they would be sent, with where they break the form."""

    kind: str
    rows: list[dict[str, Any]]
    faults: list[str]
