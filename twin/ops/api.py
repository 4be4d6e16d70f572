"""The API process: ``python -m twin.ops.api``."""

from __future__ import annotations

import uvicorn

from twin.ops.lifeline import bind_to_parent
from twin.ops.logs import configure
from twin.settings import get_settings


def main() -> None:
    """Serve the application until told to stop."""
    settings = get_settings()
    configure(settings)
    bind_to_parent()
    from twin.app import create_app

    uvicorn.run(
        create_app(settings), host=settings.host, port=settings.port, log_level="warning", access_log=False, loop="uvloop",
        http="httptools", timeout_graceful_shutdown=3, server_header=False, proxy_headers=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
