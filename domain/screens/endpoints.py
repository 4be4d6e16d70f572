"""Layouts of big screens (``/api/screens``, design card C1, clause S4: gatehouse and control room each show the whole platform)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from domain.screens import repository
from domain.screens.models import ScreenLayout
from twin.errors import Conflict
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/screens", tags=["screens"], route_class=TwinRoute)

Scene = Literal["control_room", "gatehouse", "meeting"]
SCENES: tuple[Scene, ...] = ("control_room", "gatehouse", "meeting")
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class ScreenLayoutChanged(Conflict):
    """Somebody else has changed the layout meanwhile."""

    code = "screen_layout_changed"


class PlacedPanel(BaseModel):
    """Where a panel stands; panels that a layout does not name stand where their module puts them. What is made for the bottom stays there,
    and nothing else does."""

    model_config = ConfigDict(extra="forbid")

    key: Key
    side: Literal["left", "right", "bottom"]
    hidden: bool = False


class Carousel(BaseModel):
    """Saved views (keys of ``/api/config``) shown in turn while nobody touches the screen; ``seconds`` each, 0 for none."""

    model_config = ConfigDict(extra="forbid")

    seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    views: Annotated[list[Key], Field(max_length=30)] = []

    @model_validator(mode="after")
    def _long_enough(self) -> Carousel:
        if 0 < self.seconds < 5:
            raise ValueError("at least 5 s each")
        return self


class LayoutIn(BaseModel):
    """A layout; ``panels`` in their order from the top, ``version`` the one it is based on (0: none was stored)."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
    panels: Annotated[list[PlacedPanel], Field(max_length=60)] = []
    carousel: Carousel = Carousel()

    @model_validator(mode="after")
    def _once(self) -> LayoutIn:
        keys = [panel.key for panel in self.panels]
        if len(keys) != len(set(keys)):
            raise ValueError("a panel is named twice")
        return self


class LayoutOut(BaseModel):
    """A scene's layout; version 0: as the product comes."""

    scene: Scene
    version: int
    panels: list[PlacedPanel]
    carousel: Carousel
    updated_by: str


@router.get("", summary="Layouts of the big screens")
async def all_layouts(uow: Uow, principal: CurrentPrincipal) -> list[LayoutOut]:
    """Every scene."""
    principal.require("map:read")
    stored = await repository.layouts(uow.session)
    return [_out(scene, stored.get(scene)) for scene in SCENES]


@router.get("/{scene}", summary="Layout of a big screen")
async def one_layout(scene: Scene, uow: Uow, principal: CurrentPrincipal) -> LayoutOut:
    """What the screen of a scene asks at its start and when it hears of a change."""
    principal.require("map:read")
    return _out(scene, (await repository.layouts(uow.session)).get(scene))


@router.put("/{scene}", summary="Lay out a big screen")
async def put_layout(scene: Scene, body: LayoutIn, uow: Uow, principal: CurrentPrincipal) -> LayoutOut:
    """Store a layout; the screens of that scene take it within seconds.

    Raises:
        ScreenLayoutChanged: the version is not the stored one.
    """
    principal.require("screens:write")
    before = _out(scene, (await repository.layouts(uow.session)).get(scene))
    layout = body.model_dump(exclude={"version"})
    if not await repository.put(uow, scene, body.version, layout, principal.name):
        raise ScreenLayoutChanged(scene=scene)
    await uow.audit("set", "screen_layout", scene, before=before.model_dump(), after=layout)
    return LayoutOut(scene=scene, version=body.version + 1, updated_by=principal.name, **layout)


def _out(scene: Scene, row: ScreenLayout | None) -> LayoutOut:
    if row is None:
        return LayoutOut(scene=scene, version=0, panels=[], carousel=Carousel(), updated_by="")
    return LayoutOut(scene=scene, version=row.version, updated_by=row.updated_by, **row.layout)
