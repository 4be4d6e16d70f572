"""Setting up the demo: the enterprise with its accounts, and the site's spatial data."""

from __future__ import annotations

import asyncio

from gis_assets.sites.demo.accounts import accounts
from twin.db import probe
from twin.ops.demo import DemoAccount, DemoStep, Report
from twin.settings import Settings

# Everything heavy is imported inside the steps: this module is read at every start, and a start takes seconds, not tens of them.

ENTERPRISE = "demo"
#: Printed at start; their passwords are public.
ACCOUNTS = tuple(DemoAccount(a["username"], a["password"], a["name"], tuple(a["roles"])) for a in accounts())


async def _site() -> None:
    from gis_assets.sites.demo.accounts import views
    from gis_assets.sites.demo.build import features
    from twin.db import uow
    from twin.errors import NotFound
    from twin.spatial import repository
    from twin.spatial.site import load_site

    try:
        async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
            enterprise = await repository.enterprise_id(unit.session, ENTERPRISE)
        if enterprise is None:
            raise NotFound(kind="enterprise", code=ENTERPRISE)
        async with uow.unit_of_work(enterprise) as unit:
            await load_site(unit, features(), views())
    finally:
        await uow.dispose()


def _make_accounts(_: Settings, report: Report) -> None:
    from twin.auth import demo

    report(0.1, "")
    demo.load(ENTERPRISE, "渤海示范化工有限公司", "Bohai Demonstration Chemical", ACCOUNTS)


def _load_site(_: Settings, report: Report) -> None:
    report(0.1, "")
    asyncio.run(_site())


def _accounts_there(settings: Settings) -> bool:
    return probe.count(settings, "account", "username", [account.username for account in ACCOUNTS]) == len(ACCOUNTS)


STEPS = (
    DemoStep("accounts", 0, _accounts_there, _make_accounts),
    DemoStep("site", 1, lambda settings: probe.count(settings, "site", "code", ["demo"]) > 0, _load_site),
)
