"""Errors of the history."""

from __future__ import annotations

from twin.errors import Conflict, Invalid, NotFound


class PointNotFound(NotFound):
    """No such measuring point, or another enterprise's."""

    code = "point_not_found"


class PeriodInvalid(Invalid):
    """The period ends before it begins, or has more steps than one answer holds."""

    code = "period_invalid"


class RetentionClassNotFound(NotFound):
    """No module keeps such a class of data."""

    code = "retention_class_not_found"


class KeepTooShort(Invalid):
    """Fewer days than the clause demands, or more than a century."""

    code = "keep_too_short"


class RefreshInvalid(Invalid):
    """The refresh rate lies outside 0.1 to 60 seconds."""

    code = "refresh_invalid"


class SafetyPointKept(Conflict):
    """Every sample of a safety-critical point is kept, unless that is switched off on purpose."""

    code = "safety_point_kept"


class PointsUnnamed(Invalid):
    """Of a day that was sealed before there were sheets the points must be named; the next seal makes its sheets."""

    code = "points_unnamed"
