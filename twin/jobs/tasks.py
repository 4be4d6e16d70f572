"""The kernel's own jobs."""

from __future__ import annotations

import procrastinate
import structlog

from twin import clock
from twin.auth import repository as auth
from twin.db import audit, outbox
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.files import service as files
from twin.jobs import app as queue
from twin.notify.service import notify_role
from twin.registry import discover

log = structlog.get_logger("twin.jobs")

BLUEPRINT = procrastinate.Blueprint()


@BLUEPRINT.periodic(cron="*/10 * * * *")
@BLUEPRINT.task(name="prune_sessions", queueing_lock="twin.prune_sessions")
async def prune_sessions(timestamp: int) -> None:
    """Delete sessions past their end."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        await auth.prune_sessions(uow.session, clock.now())


@BLUEPRINT.periodic(cron="7 * * * *")
@BLUEPRINT.task(name="prune_outbox", queueing_lock="twin.prune_outbox")
async def prune_outbox(timestamp: int) -> None:
    """Delete events that are old and seen by every subscriber."""
    names = [s.name for module in discover.submodules("subscribers") for s in module.SUBSCRIBERS]
    log.info("outbox pruned", rows=await outbox.prune(names))


@BLUEPRINT.periodic(cron="23 3 * * *")
@BLUEPRINT.task(name="sweep_files", queueing_lock="twin.sweep_files")
async def sweep_files(timestamp: int) -> None:
    """Delete file contents that nothing refers to."""
    log.info("files swept", files=await files.sweep())


@BLUEPRINT.periodic(cron="41 2 * * *")
@BLUEPRINT.task(name="verify_audit", queueing_lock="twin.verify_audit")
async def verify_audit(timestamp: int) -> None:
    """Check the audit trail every night; the audit administrators of a faulty chain are told."""
    report = await audit.verify()
    by_enterprise: dict[object, list[audit.Fault]] = {}
    for fault in report.faults:
        by_enterprise.setdefault(fault.enterprise_id, []).append(fault)
    for faults in by_enterprise.values():
        first = faults[0]
        async with unit_of_work(first.enterprise_id) as uow:
            facts = {"count": len(faults), "reason": first.reason, "n": first.n, "audit_id": first.audit_id}
            await notify_role(uow, "audit_admin", "audit_fault", facts, level="alarm", link="/console/audit")
    log.log(40 if report.faults else 20, "audit trail checked", rows=report.checked, faults=len(report.faults))


@BLUEPRINT.periodic(cron="* * * * *")
@BLUEPRINT.task(name="retry_stalled", queueing_lock="twin.retry_stalled", pass_context=True)
async def retry_stalled(context: procrastinate.JobContext, timestamp: int) -> None:
    """Put jobs back whose worker died while it did them."""
    await queue.retry_stalled(context.app)
