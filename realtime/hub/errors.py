"""What the hub refuses."""

from __future__ import annotations

from twin.errors import Conflict, Invalid, NotFound, TooMany, Unauthenticated


class TopicNotFound(NotFound):
    """There is no such topic."""

    code = "topic_not_found"


class Duplicate(Conflict):
    """The subscription id, or the same topic with the same filter and mode, is in use on this connection."""

    code = "subscription_duplicate"


class TooManySubs(TooMany):
    """More subscriptions than a connection may have."""

    code = "too_many_subscriptions"


class TooManyConnections(TooMany):
    """More connections than an account may have."""

    code = "too_many_connections"


class TooManyMessages(TooMany):
    """A client that talks too fast."""

    code = "too_many_messages"


class MalformedMessage(Invalid):
    """Not a message of the protocol."""

    code = "malformed"


class SignInTimeout(Unauthenticated):
    """No token came in time."""

    code = "auth_timeout"
