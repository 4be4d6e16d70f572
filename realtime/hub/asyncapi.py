"""The hub's contract as AsyncAPI 3.0, made from the protocol's message types and the layer registry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from realtime.hub import protocol
from realtime.hub.codec import JSON_PROTOCOL, MSGPACK_PROTOCOL
from realtime.hub.topic import Stream
from twin import __version__
from twin.registry.layer import Field, Layer

_JSON_TYPES = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "datetime": "string"}
_ABOUT = f"""Live data of the plant over one WebSocket.

Subprotocols: `{MSGPACK_PROTOCOL}` (binary frames of MessagePack) and `{JSON_PROTOCOL}` (text frames of JSON); without
one it is JSON. Sign-in: the session cookie, `Authorization: Bearer`, or the message `auth` within 5 seconds; then comes
`hello`. A subscription brings a snapshot in pieces (`snap`), then `live`, then `delta`s. After a dropped connection
subscribe with `since` = the last `seq`: when the hub still knows what came after it, only that comes.

Close codes: 1001 the hub stops, 1008 rude, 1009 message over 64 KiB, 1013 try later, 4401 sign in again, 4429 too many
connections."""


def document(layers: Iterable[Layer], hub_url: str, streams: Iterable[Stream] = ()) -> dict[str, Any]:
    """The AsyncAPI document for these layers and streams and the hub's address (``ws://host:port/``)."""
    scheme, _, rest = hub_url.partition("://")
    host, _, path = rest.partition("/")
    live = [layer for layer in layers if layer.live]
    schemas: dict[str, Any] = {}
    messages = {_name(m): _message(m, schemas) for m in (*protocol.CLIENT_MESSAGES, *protocol.HUB_MESSAGES)}
    channels = {"hub": _channel("/", "The connection", messages)}
    operations = {
        "toHub": _operation("receive", "hub", [_name(m) for m in protocol.CLIENT_MESSAGES], "What clients send"),
        "fromHub": _operation("send", "hub", [_name(m) for m in protocol.HUB_MESSAGES], "What the hub sends"),
    }
    for layer in live:
        described = {"description": layer.description.en, "x-scope": layer.read, "x-title-zh": layer.title.zh}
        topic = _Topic(layer.topic, layer.key, layer.title.en, feature_schema(layer), described)
        topic.into(schemas, messages, channels, operations)
    _Topic("inbox", "inbox", "One's own notifications", _NOTIFICATION, {}).into(schemas, messages, channels, operations)
    for stream in streams:
        key = stream.topic.replace(".", "_")
        _Topic(stream.topic, key, stream.title, stream.schema, {"x-scope": stream.scope}).into(
            schemas, messages, channels, operations
        )
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Plant twin hub", "version": __version__, "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": {"hub": {"host": host, "pathname": f"/{path}", "protocol": scheme, "security": _SECURITY}},
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


@dataclass(frozen=True)
class _Topic:
    """A topic and the JSON Schema of its items."""

    name: str
    key: str
    title: str
    item: dict[str, Any]
    more: dict[str, Any]

    def into(
        self, schemas: dict[str, Any], messages: dict[str, Any], channels: dict[str, Any], operations: dict[str, Any]
    ) -> None:
        """Add the topic's schemas, messages, channel and operation."""
        item = {"$ref": f"#/components/schemas/{self.key}Item"}
        change = {
            "type": "object",
            "required": ["k", "v"],
            "properties": {"k": {"type": "string"}, "v": {"oneOf": [item, {"type": "null"}]}},
        }
        schemas[f"{self.key}Item"] = self.item
        schemas[f"{self.key}Snap"] = self._refined("Snap", item)
        schemas[f"{self.key}Delta"] = self._refined("Delta", change)
        names = [f"{self.key}Snap", f"{self.key}Delta"]
        for name, op in zip(names, ("snap", "delta"), strict=True):
            messages[name] = {
                "name": op,
                "title": f"{op} of {self.title}",
                "contentType": "application/json",
                "payload": {"$ref": f"#/components/schemas/{name}"},
            }
        channels[self.name] = {**_channel(self.name, self.title, names), **self.more}
        operations[f"live.{self.key}"] = _operation("send", self.name, names, f"Snapshot and changes of {self.title}")

    def _refined(self, op: str, item: dict[str, Any]) -> dict[str, Any]:
        narrowed = {"topic": {"const": self.name}, "items": {"type": "array", "items": item}}
        return {"allOf": [{"$ref": f"#/components/schemas/{op}"}, {"type": "object", "properties": narrowed}]}


_TEXT = {"type": "string"}
#: A notification in the account's language (twin/notify/service.py).
_NOTIFICATION = {
    "type": "object",
    "required": ["id", "kind", "level", "title", "text", "at", "read_at"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "kind": _TEXT,
        "level": {"enum": ["info", "warning", "alarm"]},
        "title": _TEXT,
        "text": _TEXT,
        "params": {"type": "object"},
        "link": {"type": "string", "description": "path in the console"},
        "at": {"type": "string", "format": "date-time"},
        "read_at": {"type": ["string", "null"], "format": "date-time"},
    },
}
_SECURITY = [{"type": "httpApiKey", "name": "twin_session", "in": "cookie"}, {"type": "http", "scheme": "bearer"}]


def feature_schema(layer: Layer) -> dict[str, Any]:
    """JSON Schema of a layer's GeoJSON feature (EPSG:4326, z in metres above the ellipsoid)."""
    coordinates: dict[str, Any] = {"type": "array", "minItems": 3, "maxItems": 3, "items": {"type": "number"}}
    for _ in range({"Point": 0, "LineString": 1, "Polygon": 2}[layer.geometry]):
        coordinates = {"type": "array", "items": coordinates}
    geometry = {
        "type": "object",
        "required": ["type", "coordinates"],
        "properties": {"type": {"const": layer.geometry}, "coordinates": coordinates},
    }
    return {
        "type": "object",
        "title": layer.title.en,
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"const": "Feature"},
            "id": {"type": "string", "format": "uuid"},
            "geometry": geometry,
            "properties": {
                "type": "object",
                "required": [f.name for f in layer.all_fields],
                "properties": {f.name: _field_schema(f) for f in layer.all_fields},
            },
        },
    }


def _field_schema(field: Field) -> dict[str, Any]:
    kind = _JSON_TYPES[field.kind]
    schema: dict[str, Any] = {"title": field.title.en, "type": kind if field.required else [kind, "null"]}
    if field.kind == "datetime":
        schema["format"] = "date-time"
    if field.codes:
        # an empty text stands for "not given" in optional text fields
        blank = [] if field.required else ([None, ""] if kind == "string" else [None])
        schema["enum"] = [value for value, _ in field.codes] + blank
        schema["description"] = ", ".join(f"{value}: {text.en} ({text.zh})" for value, text in field.codes)
    if field.minimum is not None:
        schema["minimum"] = field.minimum
    if field.maximum is not None:
        schema["maximum"] = field.maximum
    if field.unit:
        schema["x-unit"] = field.unit
    return schema


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _message(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schema["required"] = [name for name, info in model.model_fields.items() if info.is_required()]
    schemas[_name(model)] = schema
    return {
        "name": schema["properties"]["op"]["const"],
        "title": _name(model),
        "summary": (model.__doc__ or "").split(". ")[0],
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{_name(model)}"},
    }


def _channel(address: str, title: str, messages: Iterable[str]) -> dict[str, Any]:
    return {
        "address": address,
        "title": title,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _operation(action: str, channel: str, messages: Iterable[str], summary: str) -> dict[str, Any]:
    where = channel.replace("/", "~1")
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{where}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{where}/messages/{name}"} for name in messages],
    }
