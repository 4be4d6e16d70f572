"""Logging: structlog, one line per event, times from ``twin.clock``; secrets never reach it."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from twin import clock
from twin.settings import Settings

_SECRET = ("password", "token", "secret", "cookie", "authorization")


def _stamp(_: Any, __: str, event: Any) -> Any:
    event["at"] = clock.now().isoformat(timespec="milliseconds")
    return event


def _redact(_: Any, __: str, event: Any) -> Any:
    for key in event:
        if any(word in key.lower() for word in _SECRET):
            event[key] = "***"
    return event


def configure(settings: Settings) -> None:
    """Set up logging of this process: readable lines, or JSON with ``TWIN_LOG_JSON``."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    for noisy in ("procrastinate", "httpx", "websockets", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    renderer: Any = (
        structlog.processors.JSONRenderer() if settings.log_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _stamp,
            _redact,
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
