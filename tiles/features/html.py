"""HTML pages of the OGC API, in the reader's language, without anything from outside."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.i18n import LANGUAGES, t

if TYPE_CHECKING:
    import jinja2


@cache
def _environment() -> jinja2.Environment:
    import jinja2  # a start does without it

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )


def render(name: str, language: str, base: str, **values: Any) -> bytes:
    """A page from ``templates/<name>.html``; ``trail`` gives the bread crumbs as (text, address)."""
    template = _environment().get_template(f"{name}.html")
    text = template.render(
        language=language,
        languages=LANGUAGES,
        base=base,
        t=lambda key, **params: t(f"ogc.{key}", language, **params),
        **values,
    )
    return text.encode()
