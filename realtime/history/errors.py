"""Errors of the history."""

from __future__ import annotations

from twin.errors import Invalid, NotFound


class PointNotFound(NotFound):
    """No such measuring point, or another enterprise's."""

    code = "point_not_found"


class PeriodInvalid(Invalid):
    """The period ends before it begins, or has more steps than one answer holds."""

    code = "period_invalid"
