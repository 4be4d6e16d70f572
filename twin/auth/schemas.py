"""Bodies of the sign-in and account endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
LanguageCode = Literal["zh-CN", "en"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Login(_Body):
    """User name and password."""

    username: Secret
    password: Secret


class PasswordChange(_Body):
    """The old and the new password."""

    old: Secret
    new: Secret


class EnterpriseOut(BaseModel):
    """The enterprise that the account belongs to."""

    id: UUID
    code: str
    name: str
    name_en: str


class Me(BaseModel):
    """The signed-in account. With ``must_change`` it has no scopes until it has set a new password."""

    id: UUID
    username: str
    name: str
    roles: list[str]
    scopes: list[str]
    zones: list[str]
    departments: list[str]
    enterprise: EnterpriseOut
    language: str
    must_change: bool


class TokenIn(_Body):
    """A new bearer token."""

    name: Name
    scopes: list[Code] = Field(min_length=1, max_length=50)
    days: int = Field(default=90, ge=1, le=365)


class TokenOut(BaseModel):
    """A bearer token, without its secret."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class TokenMade(TokenOut):
    """A new bearer token. ``secret`` is shown this once."""

    secret: str


class AccountIn(_Body):
    """A new account; its password has to be changed at the first sign-in."""

    username: Annotated[str, StringConstraints(min_length=2, max_length=64, pattern=r"^[^\x00]*$")]
    name: Name
    password: Secret
    roles: list[Code] = Field(max_length=10)
    language: LanguageCode = "zh-CN"
    zones: list[Code] = Field(default_factory=list, max_length=200)
    departments: list[Code] = Field(default_factory=list, max_length=200)


class AccountChange(_Body):
    """What changes; absent fields stay."""

    name: Name | None = None
    language: LanguageCode | None = None
    active: bool | None = None
    roles: list[Code] | None = Field(default=None, max_length=10)
    zones: list[Code] | None = Field(default=None, max_length=200)
    departments: list[Code] | None = Field(default=None, max_length=200)


class PasswordIn(_Body):
    """A new password for somebody else."""

    password: Secret


class AccountOut(BaseModel):
    """An account."""

    id: UUID
    username: str
    name: str
    active: bool
    roles: list[str]
    language: str
    zones: list[str]
    departments: list[str]
    must_change: bool
    created_at: datetime


class AccountPage(BaseModel):
    """A page of accounts; ``next`` continues after it, null at the end."""

    items: list[AccountOut]
    next: str | None
