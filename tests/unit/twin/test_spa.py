"""The built viewer over HTTP, and what a phone loads before it shows the map (at most 1.5 MB, packed)."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from twin.settings import get_settings
from twin.spa import Spa

LIMIT = 1_500_000
#: Pages and parts that the handheld loads by itself on its first screen, and the thread that draws the map.
FIRST = ("SignIn", "Shell", "MapPage", "plantMap", "maplibre-gl-worker")
_STATIC = re.compile(r"""(?:\bfrom|\bimport)\s*["']\./([^"']+\.js)["']""")
_LINKED = re.compile(r"""(?:src|href)="/m/(assets/[^"]+\.(?:js|css))\"""")


def app(folder: Path) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Starlette(routes=[Mount("/", Spa(directory=folder, html=True))]))
    return httpx.AsyncClient(transport=transport, base_url="http://twin")


async def sent(http: httpx.AsyncClient, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """An answer with the bytes that went over the line."""
    async with http.stream("GET", path, headers=headers) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


async def test_hashed_texts_are_packed_for_those_who_take_it(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>app</title>")
    script = "export const words = 'the same again';\n" * 500
    (tmp_path / "assets" / "a-1.js").write_text(script)
    (tmp_path / "assets" / "font-1.woff2").write_bytes(b"x" * 5000)
    async with app(tmp_path) as http:
        answer, body = await sent(http, "/assets/a-1.js", **{"Accept-Encoding": "gzip, br"})
        assert answer.headers["content-encoding"] == "gzip" and answer.headers["vary"] == "Accept-Encoding"
        assert len(body) < 500 and gzip.decompress(body).decode() == script
        assert "immutable" in answer.headers["cache-control"] and "javascript" in answer.headers["content-type"]
        for path, headers in (
            ("/assets/a-1.js", {"Accept-Encoding": "identity"}),
            ("/assets/a-1.js", {"Accept-Encoding": "gzip", "Range": "bytes=0-9"}),
            ("/assets/font-1.woff2", {"Accept-Encoding": "gzip"}),
        ):
            answer, body = await sent(http, path, **headers)
            assert "content-encoding" not in answer.headers, path
        answer, body = await sent(http, "/zone/Z-11")
        assert body == b"<title>app</title>" and answer.headers["cache-control"] == "no-cache"
        assert (await http.get("/assets/none.js")).status_code == 404


def closure(folder: Path, names: Iterable[str]) -> set[str]:
    """Scripts and all that they import before they run, by their path below the app."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if name.endswith(".js"):
            text = (folder / name).read_text(encoding="utf-8")
            waiting += [f"assets/{other}" for other in _STATIC.findall(text)]
    return found


async def test_the_handhelds_first_load_is_small() -> None:
    folder = get_settings().viewer_dist / "m"
    if not (folder / "index.html").is_file():
        pytest.skip("the viewer is not built")
    linked = _LINKED.findall((folder / "index.html").read_text(encoding="utf-8"))
    assert any(name.endswith(".js") for name in linked) and any(name.endswith(".css") for name in linked)
    parts = [
        file.relative_to(folder).as_posix()
        for file in (folder / "assets").iterdir()
        if file.name.rsplit("-", 1)[0] in FIRST and file.suffix in (".js", ".css")
    ]
    missing = {name for name in FIRST if not any(part.startswith(f"assets/{name}-") for part in parts)}
    assert not missing, f"the app is cut otherwise now: {missing}"
    async with app(folder) as http:
        sizes = {}
        for name in ["", *sorted(closure(folder, [*linked, *parts]))]:
            answer, body = await sent(http, f"/{name}", **{"Accept-Encoding": "gzip"})
            assert answer.status_code == 200, name
            sizes[name] = len(body)
    assert sum(sizes.values()) <= LIMIT, sorted(sizes.items(), key=lambda item: -item[1])[:5]
