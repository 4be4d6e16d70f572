"""What can go wrong with the risk map."""

from __future__ import annotations

from twin.errors import Conflict, Invalid, NotFound


class ZoneNotFound(NotFound):
    """No such zone."""

    code = "zone_not_found"


class RiskRuleNotFound(NotFound):
    """No such rule."""

    code = "risk_rule_not_found"


class RiskRuleChanged(Conflict):
    """Somebody else changed the rule first."""

    code = "conflict"


class RiskRuleUnknownKind(Invalid):
    """No module feeds facts of this kind, or the attribute is none of theirs."""

    code = "risk_rule_unknown_kind"


class RiskRuleZoneUnknown(Invalid):
    """The rule names zones that are not there: it could never act in them."""

    code = "risk_rule_zone_unknown"


class OverrideTime(Invalid):
    """An override ends in the future, within 30 days."""

    code = "override_time"


class OverrideNotFound(NotFound):
    """Nobody has set the level of this zone."""

    code = "override_not_found"


class CardNotFound(NotFound):
    """The zone has no such card yet."""

    code = "card_not_found"


class CardNeedsPost(Invalid):
    """A post card names its post."""

    code = "card_needs_post"
