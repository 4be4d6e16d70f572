"""What ``GET /api/config`` says: the site's frame, its views, and where the hub is."""

from __future__ import annotations

from fastapi import Request

from twin import __version__
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.i18n import LANGUAGES
from twin.settings import Settings
from twin.spatial import repository
from twin.spatial.schemas import ConfigOut, SiteOut, ViewOut


def hub_address(request: Request, settings: Settings) -> str:
    """The hub as this client reaches it: the public address, or the host that it asked with the hub's port."""
    if settings.hub_public_url:
        return settings.hub_public_url
    secure = request.url.scheme == "https"
    host = request.url.hostname or "127.0.0.1"
    return f"{'wss' if secure else 'ws'}://{f'[{host}]' if ':' in host else host}:{settings.hub_port}/"


async def config(request: Request, settings: Settings) -> ConfigOut:
    """The configuration of the enterprise that is shown before sign-in (``TWIN_ENTERPRISE``, ``TWIN_SITE``)."""
    site_out, views = None, []
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        enterprise = await repository.enterprise_id(uow.session, settings.enterprise)
    if enterprise is not None:
        async with unit_of_work(enterprise) as uow:
            site = await repository.site(uow.session, settings.site)
            if site is not None:
                site_out = SiteOut(
                    code=site.code, name=site.name, name_en=site.name_en, center=site.origin, crs=f"EPSG:{site.crs}",
                    timezone=site.timezone, bounds=await repository.bounds(uow.session, site.id),
                )  # fmt: skip
                views = [ViewOut(**view) for view in await repository.saved_views(uow.session, site.id)]
    return ConfigOut(
        site=site_out, hub=hub_address(request, settings), tilesets="/tiles3d", views=views, version=__version__,
        languages=list(LANGUAGES), demo=settings.demo,
    )  # fmt: skip
