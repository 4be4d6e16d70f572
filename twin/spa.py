"""The built viewer over HTTP: one page answers for all of its paths, and its hashed files travel packed."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from fastapi import Response
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.types import Scope

#: Files that packing makes smaller; fonts and pictures are packed already.
_TEXT = {".js", ".css", ".svg", ".json", ".wasm"}
_SMALL = 1024


class Spa(StaticFiles):
    """A single-page app: unknown paths give its index; hashed assets never change, the index is always asked for."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file (packed by gzip where the client takes it and it is text below ``assets``), or the index."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or "." in path.rsplit("/", 1)[-1]:
                raise
            response = await super().get_response("index.html", scope)
        fixed = "/assets/" in f"/{path}" and response.status_code == 200
        if fixed and isinstance(response, FileResponse):
            response = await _packed(response, Headers(scope=scope))
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fixed else "no-cache"
        return response


async def _packed(response: FileResponse, asked: Headers) -> Response:
    file, stat = Path(response.path), response.stat_result
    if stat is None or file.suffix not in _TEXT or stat.st_size < _SMALL:
        return response
    response.headers["Vary"] = "Accept-Encoding"
    if "gzip" not in asked.get("accept-encoding", "") or "range" in asked:
        return response
    content = await run_in_threadpool(_gzip, str(file), stat.st_mtime_ns)
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(content, media_type=response.media_type, headers=headers)


@lru_cache(maxsize=512)  # all hashed files of the three apps: some 3 MB
def _gzip(file: str, changed: int) -> bytes:
    return gzip.compress(Path(file).read_bytes(), 6, mtime=0)
