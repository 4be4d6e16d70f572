"""What request bodies are made of: models that take no unknown fields and only text that the database can keep."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic_core import PydanticCustomError


def _check(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise PydanticCustomError("text_broken", "the text holds characters that cannot be kept")
    elif isinstance(value, dict):
        for key, part in value.items():
            _check(key)
            _check(part)
    elif isinstance(value, list):
        for part in value:
            _check(part)


class Body(BaseModel):
    """A request body (or a part of one)."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _text_can_be_kept(cls, value: Any) -> Any:
        _check(value)
        return value


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]
#: A line that says something.
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000)]
#: A text in an address.
Asked = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")]

_FIRST, _LAST = 1990, 2199


def _in_our_time(value: Any) -> Any:
    if not _FIRST <= value.year <= _LAST:
        raise PydanticCustomError("time_far", "the time is too far away")
    return value


#: An instant with its offset, of these two centuries: others break calendars and databases.
Instant = Annotated[AwareDatetime, AfterValidator(_in_our_time)]
#: A day of these two centuries.
Day = Annotated[date, AfterValidator(_in_our_time)]
