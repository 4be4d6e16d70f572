"""What can go wrong at the alarm desk."""

from __future__ import annotations

from twin.errors import Conflict, Invalid, NotFound, Unavailable


class AlarmNotFound(NotFound):
    """No such alarm, or another enterprise's."""

    code = "alarm_not_found"


class PointNotFound(NotFound):
    """No such measuring point."""

    code = "point_not_found"


class RuleNotFound(NotFound):
    """No such escalation rule."""

    code = "alarm_rule_not_found"


class AlarmVersion(Conflict):
    """Somebody else changed it first."""

    code = "conflict"


class SetpointInvalid(Invalid):
    """Limits that contradict each other."""

    code = "setpoint_invalid"


class NoSpeech(Unavailable):
    """The server has no voice; the browser's may be used."""

    code = "no_speech"
