"""Helpers of tests that are no fixtures."""

from __future__ import annotations

from uuid import UUID

from tests.conftest import Enterprise

PASSWORD = "Test-Pass-2026"


async def make_enterprise(code: str) -> Enterprise:
    """An enterprise with one account per role, named like the role."""
    from twin.auth import service
    from twin.auth.roles import ROLES
    from twin.db.uow import ALL_ENTERPRISES, unit_of_work

    async with unit_of_work(ALL_ENTERPRISES) as uow:
        enterprise_id: UUID = await service.create_enterprise(
            uow, code=code, name=f"企业 {code}", name_en=f"Enterprise {code}"
        )
    async with unit_of_work(enterprise_id) as uow:
        for role in ROLES:
            prefix = "" if code == "demo" else f"{code}-"
            await service.create_account(uow, username=prefix + role, name=role, password=PASSWORD, roles=[role])
    return Enterprise(enterprise_id, code, PASSWORD)
