"""Pages for people: every document of the OGC API as plain HTML, without scripts or anything from outside."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from twin.i18n import t
from twin.registry.layer import Layer

_STYLE = (
    "body{font:16px/1.5 'Noto Sans SC','Noto Sans CJK SC','Microsoft YaHei',sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;"
    "color:#15202b;background:#fff}a{color:#0b756b}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;"
    "border-bottom:1px solid #d2dae2;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}pre{overflow:auto;"
    "background:#f3f5f7;padding:1rem}"
)


def page(title: str, body: str, language: str, parent: str = "") -> str:
    """A whole page."""
    up = f'<p><a href="{escape(parent)}">&larr; {escape(t("ogc.up", language))}</a></p>' if parent else ""
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{up}<h1>{escape(title)}</h1>{body}</body></html>"
    )


def document(title: str, content: dict[str, Any], language: str, parent: str = "") -> str:
    """Any document: its links, then its content."""
    links = "".join(
        f'<li><a href="{escape(x["href"])}">{escape(x.get("title") or x["rel"].rsplit("/", 1)[-1])}</a> {escape(x.get("type", ""))}</li>'
        for x in content.get("links", [])
    )
    rest = {k: v for k, v in content.items() if k != "links"}
    body = f"<ul>{links}</ul><pre>{escape(json.dumps(rest, ensure_ascii=False, indent=2, default=str))}</pre>"
    return page(title, body, language, parent)


def collections(base: str, every: list[Layer], language: str) -> str:
    """The list of layers."""
    rows = "".join(
        f'<tr><td><a href="{base}/collections/{layer.key}/items?f=html">{escape(layer.title.get(language))}</a></td>'
        f"<td>{escape(layer.description.get(language))}</td><td><code>{layer.key}</code></td></tr>"
        for layer in every
    )
    return page(t("ogc.collections", language), f"<table>{rows}</table>", language, f"{base}?f=html")


def items(base: str, layer: Layer, features: list[dict[str, Any]], following: str | None, language: str) -> str:
    """A page of features as a table."""
    fields = layer.all_fields
    codes = {f.name: {value: text.get(language) for value, text in f.codes} for f in fields}

    def cell(feature: dict[str, Any], name: str) -> str:
        value = feature["properties"][name]
        shown = codes[name].get(value, "" if value is None else value)
        kind = (
            ' class="n"' if isinstance(value, (int, float)) and not codes[name] and not isinstance(value, bool) else ""
        )
        text = escape(str(shown))
        if name == "code":
            text = f'<a href="{base}/collections/{layer.key}/items/{feature["id"]}?f=html">{text}</a>'
        return f"<td{kind}>{text}</td>"

    head = "".join(
        f"<th>{escape(f.title.get(language))}{f' ({escape(f.unit)})' if f.unit else ''}</th>" for f in fields
    )
    rows = "".join(f"<tr>{''.join(cell(feature, f.name) for f in fields)}</tr>" for feature in features)
    more = f'<p><a rel="next" href="{escape(following)}">{escape(t("ogc.next", language))}</a></p>' if following else ""
    return page(
        layer.title.get(language), f"<table><tr>{head}</tr>{rows}</table>{more}", language, f"{base}/collections?f=html"
    )
