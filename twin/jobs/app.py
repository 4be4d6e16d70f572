"""The job queue (procrastinate, in the schema ``jobs`` of the same database).

A module's ``tasks.py`` holds a ``BLUEPRINT`` with its tasks; their names begin with the module's. Code inside a unit of
work calls :func:`defer`, so that a job exists exactly if its transaction commits.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

import procrastinate
import structlog

from twin.db.cluster import app_url
from twin.db.uow import UnitOfWork
from twin.jobs import repository
from twin.registry import discover
from twin.settings import Settings

log = structlog.get_logger("twin.jobs")

QUEUE = "default"

#: Seconds without a heartbeat after which a worker counts as dead.
_DEAD_AFTER = 60


def make_app(settings: Settings) -> procrastinate.App:
    """The queue with every module's tasks."""
    connector = procrastinate.PsycopgConnector(
        conninfo=app_url(settings), kwargs={"options": "-c search_path=jobs,public"}, min_size=1, max_size=4
    )
    app = procrastinate.App(connector=connector)
    for module in discover.submodules("tasks"):
        # A copy: adding prefixes the names in place, so an app made again (after the database was away) would know no
        # task by its name, and every job would fail.
        app.add_tasks_from(deepcopy(module.BLUEPRINT), namespace=module.__name__.removesuffix(".tasks"))
    return app


async def defer(
    uow: UnitOfWork,
    task: str,
    args: dict[str, Any] | None = None,
    *,
    at: datetime | None = None,
    lock: str | None = None,
    once: str | None = None,
) -> int | None:
    """Put a job into the queue in this transaction; its id.

    Args:
        task: full name, ``<package>:<task>``, e.g. ``twin.jobs:prune_sessions``.
        at: not before this instant (of the database's clock; rules that depend on time use ``twin.workflow.deadline``).
        lock: jobs with the same lock never run at the same time.
        once: None is returned, and nothing done, while a job with this key waits.
    """
    return await repository.insert_job(uow.session, QUEUE, task, args or {}, at, lock, once)


async def retry_stalled(app: procrastinate.App) -> None:
    """Put jobs back whose worker is gone, or has shown no life for a minute, while it did them."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_DEAD_AFTER):
        log.warning("a job's worker died; doing it again", task=job.task_name, job=job.id)
        await app.job_manager.retry_job(job)
