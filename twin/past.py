"""The instants that a look into the past may ask for."""

from __future__ import annotations

from datetime import datetime, timedelta

from twin import clock
from twin.errors import Invalid

#: A screen's idea of now may run ahead of the server's by so much.
AHEAD = timedelta(seconds=5)


class PastInstantInvalid(Invalid):
    """The instant lies in the future, or before everything that is kept."""

    code = "past_instant_invalid"


def check_past(at: datetime, days: int) -> None:
    """Refuse an instant of which nothing can be said.

    Args:
        days: how long that kind of data is kept.

    Raises:
        PastInstantInvalid: as its name says.
    """
    now = clock.now()
    if at > now + AHEAD or now - at > timedelta(days=days):
        raise PastInstantInvalid(days=days)
