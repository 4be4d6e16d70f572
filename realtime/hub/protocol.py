"""The messages of the hub, both ways. They are checked here and described to others by AsyncAPI (``/asyncapi.json``).

Beyond the table in ARCHITECTURE.md: ``f`` names the filter or mode group of a ``delta`` or ``skip`` (absent for a
plain ``batch``
subscription), so that a client with several subscriptions to one topic can tell them apart; ``live`` announces it. A
client may send
``ping`` and gets ``pong``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from realtime.hub.codec import decode
from realtime.hub.filters import Filter, Scalar

#: Why the hub closes: RFC 6455 codes and, in the range for applications, the HTTP status plus 4000.
CLOSE_GOING_AWAY = 1001
CLOSE_POLICY = 1008
CLOSE_TRY_LATER = 1013
CLOSE_UNAUTHENTICATED = 4401
CLOSE_TOO_MANY = 4429

Value = Scalar | None
Values = Value | Annotated[list[Value], Field(min_length=1, max_length=100)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Auth(_Message):
    """First message of a client that could send neither cookie nor header."""

    op: Literal["auth"]
    token: str = Field(min_length=1, max_length=4096)


class Sub(_Message):
    """Subscribe. ``batch`` brings every change in order, ``latest`` the newest value per key at a steady pace."""

    op: Literal["sub"]
    id: int = Field(ge=0, lt=2**53, description="chosen by the client, unique on its connection")
    topic: str = Field(min_length=1, max_length=200)
    mode: Literal["batch", "latest"] = "batch"
    bbox: list[float] | None = Field(
        default=None, min_length=4, max_length=4, description="west, south, east, north; EPSG:4326 degrees"
    )
    floor: str | None = Field(default=None, max_length=100)
    where: dict[str, Values] | None = Field(
        default=None, max_length=10, description="property: value or list of values; all must hold"
    )
    since: int | None = Field(default=None, ge=0, lt=2**63, description="last seq seen with the same filter")

    @field_validator("bbox")
    @classmethod
    def _box(cls, box: list[float] | None) -> list[float] | None:
        if box is not None and not (-180 <= box[0] <= 180 and -180 <= box[2] <= 180 and -90 <= box[1] <= box[3] <= 90):
            raise ValueError("west, south, east, north in degrees, south <= north")
        return box

    def filter(self) -> Filter:
        """The conditions of this subscription."""
        given = {name: values if isinstance(values, list) else [values] for name, values in (self.where or {}).items()}
        where = tuple((name, frozenset((isinstance(v, bool), v) for v in given[name])) for name in sorted(given))
        box = (self.bbox[0], self.bbox[1], self.bbox[2], self.bbox[3]) if self.bbox is not None else None
        return Filter(box, self.floor, where)


class Unsub(_Message):
    """End a subscription."""

    op: Literal["unsub"]
    id: int = Field(ge=0, lt=2**53)


class ClientPing(_Message):
    """Is the hub there? It answers ``pong``."""

    op: Literal["ping"]


class ClientPong(_Message):
    """Answer to the hub's ``ping``. Any message counts as a sign of life."""

    op: Literal["pong"]


ClientMessage = Auth | Sub | Unsub | ClientPing | ClientPong
_CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(Annotated[ClientMessage, Field(discriminator="op")])


class Hello(_Message):
    """Signed in. ``heartbeat``: seconds between pings; after two of them in silence take the connection for dead."""

    op: Literal["hello"]
    session: str
    time: float = Field(description="server time, seconds since 1970 UTC")
    heartbeat: float


class Snap(_Message):
    """A piece of the snapshot: ``n`` of ``of``, counted from 1. The first one replaces what the client had."""

    op: Literal["snap"]
    id: int
    topic: str
    n: int
    of: int
    items: list[Any]


class Live(_Message):
    """Snapshot (or resume) complete as of ``seq``; deltas follow. Without a ``snap`` before it, only deltas were
    missing."""

    op: Literal["live"]
    id: int
    seq: int
    f: str | None = None


class Change(_Message):
    """The new value of a key; null when it is deleted or has left the filter."""

    k: str
    v: dict[str, Any] | None


class Delta(_Message):
    """Changes; ``seq`` is what to send as ``since`` after a dropped connection. A value may come twice, never an older
    one after a newer."""

    op: Literal["delta"]
    topic: str
    seq: int
    f: str | None = None
    items: list[Change]


class Skip(_Message):
    """The client read too slowly: so many values were replaced by newer ones before they could be sent."""

    op: Literal["skip"]
    topic: str
    count: int
    f: str | None = None


class Ping(_Message):
    """Sign of life, asks for ``pong``."""

    op: Literal["ping"]
    time: float


class Pong(_Message):
    """Answer to the client's ``ping``."""

    op: Literal["pong"]
    time: float


class Err(_Message):
    """A refusal: ``id`` names the subscription that it ends or refuses. The message is in the account's language."""

    op: Literal["err"]
    id: int | None = None
    code: str
    message: str


CLIENT_MESSAGES: tuple[type[_Message], ...] = (Auth, Sub, Unsub, ClientPing, ClientPong)
HUB_MESSAGES: tuple[type[_Message], ...] = (Hello, Snap, Live, Delta, Skip, Ping, Pong, Err)


class Malformed(ValueError):
    """A message that is not of the protocol; ``id`` when it names a subscription."""

    def __init__(self, reason: str, sub_id: int | None = None) -> None:
        super().__init__(reason)
        self.sub_id = sub_id


def parse(data: str | bytes) -> ClientMessage:
    """Read a client's message.

    Raises:
        Malformed: with a short reason.
    """
    try:
        raw = decode(data)
    except ValueError as error:
        raise Malformed("neither JSON nor MessagePack") from error
    try:
        return _CLIENT.validate_python(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        sub_id = raw.get("id") if isinstance(raw, dict) else None
        raise Malformed(f"{where}: {first['msg']}", sub_id if type(sub_id) is int else None) from error
    except RecursionError as error:
        raise Malformed("nested too deeply") from error
