"""The web application: finds the modules' routers, turns errors into answers, serves the built viewer."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twin import __version__, clock
from twin.db import uow
from twin.errors import TooLarge, TwinError, Unavailable
from twin.i18n import negotiate, t
from twin.registry import discover
from twin.settings import Settings, get_settings
from twin.spa import Spa

log = structlog.get_logger("twin.app")

_ERRORS = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    412: "conflict",
    413: "too_large",
    415: "unsupported_media",
    422: "invalid",
    428: "precondition_required",
    429: "too_many",
    503: "unavailable",
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application with every discovered router. One address serves all of it."""
    settings = settings or get_settings()
    app = FastAPI(title="Plant twin", version=__version__, docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.settings = settings
    app.add_api_route("/api/health", _health, methods=["GET"], tags=["system"], summary="Health")
    for module in discover.submodules("endpoints"):
        app.include_router(module.router)
    _handlers(app)
    app.add_middleware(_Guard, limit_mb=settings.upload_limit_mb)
    app.add_api_route("/", lambda: RedirectResponse("/screen/"), methods=["GET"], include_in_schema=False)
    for name in ("screen", "console", "m"):
        folder = settings.viewer_dist / name
        if folder.is_dir():
            app.mount(f"/{name}", Spa(directory=folder, html=True), name=name)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await uow.dispose()


async def _health() -> dict[str, str]:
    """Whether the server and its database answer. ``degraded`` still serves what does not need the database."""
    database = "ok"
    try:
        async with uow.engine().connect() as connection:
            await connection.execute(select(1))
    except (OSError, DBAPIError, TwinError):
        database = "down"
    status = "ok" if database == "ok" else "degraded"
    return {"status": status, "database": database, "version": __version__, "time": clock.now().isoformat()}


def problem(request: Request, error: TwinError) -> JSONResponse:
    """The JSON answer of an error in the language of the request."""
    language = negotiate(request.headers.get("accept-language"))
    body: dict[str, Any] = {
        "code": error.code,
        "message": t(f"error.{error.code}", language, **error.params),
        "params": error.params,
    }
    if error.errors:
        body["errors"] = [
            {**row, "message": row.get("message") or t(f"error.{row.get('code', 'invalid')}", language, **row)}
            for row in error.errors
        ]
    return JSONResponse(body, error.status)


def _handlers(app: FastAPI) -> None:
    async def twin_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, TwinError)
        return problem(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        rows = [{"where": ".".join(str(p) for p in row["loc"]), "message": row["msg"]} for row in error.errors()]
        language = negotiate(request.headers.get("accept-language"))
        return JSONResponse(
            {"code": "invalid", "message": t("error.invalid", language), "params": {}, "errors": rows}, 422
        )

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = _ERRORS.get(error.status_code, "error")
        language = negotiate(request.headers.get("accept-language"))
        body = {"code": code, "message": t(f"error.{code}", language), "params": {}}
        return JSONResponse(body, error.status_code, headers=error.headers)

    async def database_gone(request: Request, error: Exception) -> Response:
        log.warning("database unavailable", error=str(error.__cause__ or error), path=request.url.path)
        return problem(request, Unavailable())

    async def unexpected(request: Request, error: Exception) -> Response:
        number = secrets.token_hex(4)
        log.error("unexpected error", number=number, path=request.url.path, exc_info=error)
        language = negotiate(request.headers.get("accept-language"))
        return JSONResponse(
            {"code": "error", "message": t("error.error", language, number=number), "params": {"number": number}}, 500
        )

    app.add_exception_handler(TwinError, twin_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(OperationalError, database_gone)
    app.add_exception_handler(Exception, unexpected)


class _Guard:
    """Refuses bodies over the limit before reading them, and adds the headers that every answer carries (plain ASGI: no cost per body)."""

    _HEADERS = (
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"x-frame-options", b"SAMEORIGIN"),
    )

    def __init__(self, app: ASGIApp, limit_mb: int) -> None:
        self.app = app
        self.limit_mb = limit_mb

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = next((v for k, v in scope["headers"] if k == b"content-length"), b"")
        if length.isdigit() and int(length) > self.limit_mb * 1024 * 1024:
            await problem(Request(scope), TooLarge(limit=self.limit_mb))(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._HEADERS]
            await send(message)

        await self.app(scope, receive, with_headers)


_PROBLEM = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "params": {"type": "object"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["where", "message"],
                "properties": {"where": {"type": "string"}, "message": {"type": "string"}},
                "additionalProperties": True,
            },
        },
    },
}


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The contract: every operation documents the typed errors that it may answer."""
    if app.openapi_schema:
        return app.openapi_schema
    schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schema.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
    schema["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "twin_session"},
        "token": {"type": "http", "scheme": "bearer"},
    }
    schema["security"] = [{"session": []}, {"token": []}]
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in schema["paths"].values():
        for operation in operations.values():
            for status, code in _ERRORS.items():
                if status == 422 or str(status) not in operation["responses"]:
                    operation["responses"][str(status)] = {"description": code, "content": content}
            operation["responses"].setdefault("400", {"description": "bad request", "content": content})
    app.openapi_schema = schema
    return schema
