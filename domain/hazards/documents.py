"""The ledger as workbook and illustrated PDF, and one hazard as a signed print."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from domain.hazards import repository, service
from domain.hazards.layer import LEVEL, SOURCE, STATUS, TYPE
from domain.hazards.pictures import small
from domain.hazards.repository import Asked
from twin import clock
from twin.auth.principal import Principal
from twin.auth.repository import enterprise
from twin.db.uow import UnitOfWork
from twin.documents import pdf, workbook
from twin.files.models import Attachment
from twin.files.service import path
from twin.i18n import t
from twin.registry.layer import Text
from twin.signature import service as signatures
from twin.spatial import service as spatial
from twin.text_in import Asked as Word
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(route_class=TwinRoute)
#: Hazards in one document, and in an illustrated one.
MAX_ROWS, MAX_ILLUSTRATED = 5000, 200
_KEYS = ("code", "name", "status", "level", "hazard_type", "source", "zone_code", "department", "description",
         "reporter_name", "created_at", "owner_name", "deadline", "rectified_at", "closed_at", "overdue")  # fmt: skip
_CODES: dict[str, dict[Any, Text]] = {
    "status": dict(STATUS),
    "level": dict(LEVEL),
    "hazard_type": dict(TYPE),
    "source": dict(SOURCE),
}


def file_of(media_type: str) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes an answer that is a file."""
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}}


def _cell(row: dict[str, Any], key: str, zone: ZoneInfo, language: str) -> str:
    value = row[key]
    if key in _CODES:
        text: Text = _CODES[key][value]
        return text.get(language)
    if value is None:
        return ""
    if isinstance(value, bool):
        return t(f"hazard.{'yes' if value else 'no'}", language)
    if hasattr(value, "astimezone"):
        return str(value.astimezone(zone).strftime("%Y-%m-%d %H:%M"))
    return str(value)


async def _zone(uow: UnitOfWork) -> ZoneInfo:
    return ZoneInfo((await spatial.site_of(uow)).timezone)


async def _ids(uow: UnitOfWork, row: dict[str, Any]) -> list[UUID]:
    rounds = await repository.rectifications(uow.session, [row["id"]])
    return [*row["photos"][:2], *(rounds[-1].photos[:1] if rounds else [])]


@router.get(
    "/export.xlsx", summary="Ledger as workbook", response_class=Response, responses=file_of(workbook.MEDIA_TYPE)
)
async def as_workbook(
    uow: Uow, principal: CurrentPrincipal, language: Language, status: Word = "", zone: Word = ""
) -> Response:
    """With the pictures of the newest 200."""
    principal.require("hazard:read")
    rows = await repository.page(uow.session, Asked(status=status, zone=zone), None, MAX_ROWS)
    clockwork = await _zone(uow)
    pictures = {
        n: await small(uow.session, await _ids(uow, row), 320)
        for n, row in enumerate(rows[:MAX_ILLUSTRATED])
        if row["photos"]
    }
    cells = [[_cell(row, key, clockwork, language) for key in _KEYS] for row in rows]
    headings = [t(f"hazard.field.{key}", language) for key in _KEYS]
    data = await asyncio.to_thread(workbook.illustrated, t("hazard.ledger", language), headings, cells, pictures)
    return _download(data, workbook.MEDIA_TYPE, "hazards.xlsx")


@router.get("/report.pdf", summary="Illustrated report", response_class=Response, responses=file_of(pdf.MEDIA_TYPE))
async def report(
    uow: Uow, principal: CurrentPrincipal, language: Language, status: Word = "", zone: Word = ""
) -> Response:
    """The newest 200 hazards of the filter with their pictures."""
    principal.require("hazard:read")
    rows = await repository.page(uow.session, Asked(status=status, zone=zone), None, MAX_ILLUSTRATED)
    return _download(await _document(uow, principal, rows, language, signed=False), pdf.MEDIA_TYPE, "hazards.pdf")


@router.get(
    "/{hazard_id}/print.pdf", summary="Print a hazard", response_class=Response, responses=file_of(pdf.MEDIA_TYPE)
)
async def print_one(hazard_id: UUID, uow: Uow, principal: CurrentPrincipal, language: Language) -> Response:
    """All of it with the drawn signatures; their codes prove it offline (``twin verify``)."""
    row = await service.require_readable(uow, principal, hazard_id)
    return _download(
        await _document(uow, principal, [row], language, signed=True), pdf.MEDIA_TYPE, f"{row['code']}.pdf"
    )


async def _document(
    uow: UnitOfWork, principal: Principal, rows: list[dict[str, Any]], language: str, *, signed: bool
) -> bytes:
    zone, owner = await _zone(uow), await enterprise(uow.session, principal.enterprise_id)
    pictures: dict[str, bytes] = {}
    records, tokens = [], list[str]()
    for n, row in enumerate(rows):
        cells = [[t(f"hazard.field.{k}", language), _cell(row, k, zone, language)] for k in _KEYS if k != "name"]
        signatures_ = []
        for done in await repository.rectifications(uow.session, [row["id"]]):
            for key in ("cause", "measures", "cost", "permit"):
                cells.append([t(f"hazard.field.{key}", language), str(getattr(done, key))])
            if signed:
                signatures_ += await _signatures(uow, done.id, zone, pictures, tokens)
        names = []
        for k, data in enumerate(await small(uow.session, await _ids(uow, row), 640)):
            pictures[f"p{n}-{k}.jpg"] = data
            names.append(f"p{n}-{k}.jpg")
        records.append(
            {"title": f"{row['code']} {row['name']}", "cells": cells, "pictures": names, "signatures": signatures_}
        )
    content = {
        "title": t("hazard.ledger", language), "records": records, "tokens": tokens,
        "facts": [owner.name if owner else "", clock.now().astimezone(zone).strftime("%Y-%m-%d %H:%M")],
    }  # fmt: skip
    return await pdf.make("records", content, pictures)


async def _signatures(
    uow: UnitOfWork, rectification_id: UUID, zone: ZoneInfo, pictures: dict[str, bytes], tokens: list[str]
) -> list[dict[str, str]]:
    made = []
    for accepted in await repository.acceptances(uow.session, [rectification_id]):
        row = await signatures.get(uow.session, accepted.signature_id)
        drawing = await uow.session.get_one(Attachment, row.drawing_id)
        token = await signatures.token_of(uow.session, row)
        tokens.append(token)
        n = len(tokens)
        pictures[f"s{n}.png"], pictures[f"q{n}.png"] = path(drawing).read_bytes(), pdf.qr(token)
        text = f"{accepted.acceptor_name} {row.at.astimezone(zone):%Y-%m-%d %H:%M} {accepted.opinion}"
        made.append({"text": text, "drawing": f"s{n}.png", "qr": f"q{n}.png"})
    return made


def _download(data: bytes, media_type: str, name: str) -> Response:
    return Response(data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
