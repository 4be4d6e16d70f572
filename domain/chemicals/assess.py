"""A unit's S, R and level out of its lines, the tanks of the map and their level points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.chemicals import gb18218, repository
from domain.chemicals.models import Chemical, MajorUnit
from domain.chemicals.schemas import Assessed, AssessedRow, MajorFault, MajorOutcome, StoredLine
from realtime.history import service as history
from twin.db.uow import UnitOfWork


@dataclass(frozen=True)
class _Level:
    percent: float
    at: datetime


async def assess(uow: UnitOfWork, unit: MajorUnit) -> tuple[Assessed | None, list[MajorFault]]:
    """The unit's result, or why there is none: a unit is never computed without one of its lines."""
    lines = [StoredLine.model_validate(line) for line in unit.lines]
    chemicals = await repository.by_ids(uow.session, {line.chemical_id for line in lines})
    volumes = await repository.tank_volumes(uow.session, {line.tank_code for line in lines if line.tank_code})
    points = await repository.level_points(uow.session, {line.level_tag for line in lines if line.level_tag})
    faults = [
        MajorFault(where=f"lines.{n}.{where}", code=code, value=value)
        for n, line in enumerate(lines)
        for where, code, value in _faults(line, chemicals, volumes, points)
    ]
    if faults:
        return None, faults
    levels = {tag: await _level(uow, device) for tag, (device, _) in points.items()}
    spheres = await repository.spheres(uow.session, volumes.keys())
    rows = [_row(line, chemicals[line.chemical_id], volumes, levels, spheres) for line in lines]
    return Assessed(
        residents=unit.residents,
        alpha=gb18218.alpha(unit.residents),
        design=_outcome(rows, "design_t", unit.residents),
        now=_outcome(rows, "now_t", unit.residents),
        rows=rows,
    ), []


def rated(chemical: Chemical) -> gb18218.Rated:
    """Q and beta of a chemical of the register."""
    return gb18218.rate(chemical.entry, chemical.category, chemical.own_q, chemical.own_beta)


def inputs(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the statutory result hangs on, without what is live: equal inputs are not written down twice."""
    live = {"level_percent", "level_at", "now_t", "now_known"}
    rows = [{key: value for key, value in row.items() if key not in live} for row in result["rows"]]
    return {"residents": result["residents"], "design": result["design"], "rows": rows}


def _outcome(rows: Sequence[AssessedRow], mass: str, residents: int) -> MajorOutcome:
    found = gb18218.outcome([(getattr(row, mass), row.q, row.beta) for row in rows], residents)
    return MajorOutcome(s=found.s, r=found.r, level=found.level)


def _faults(
    line: StoredLine,
    chemicals: Mapping[UUID, Chemical],
    volumes: Mapping[str, float | None],
    points: Mapping[str, tuple[UUID, str]],
) -> list[tuple[str, str, str]]:
    chemical = chemicals.get(line.chemical_id)
    if chemical is None:
        return [("chemical_id", "unknown_code", str(line.chemical_id))]
    found = []
    rate = rated(chemical)
    if rate.q is None or rate.beta is None:
        found.append(("chemical_id", "chemical_unrated", chemical.name))
    if line.tank_code is None:
        if line.design_t is None or line.filling is not None or line.level_tag is not None:
            found.append(("design_t", "major_line_goods", chemical.name))
        return found
    if line.filling is None or line.design_t is not None or (line.level_tag and line.current_t is not None):
        found.append(("filling", "major_line_tank", line.tank_code))
    if line.tank_code not in volumes:
        found.append(("tank_code", "unknown_code", line.tank_code))
    elif not volumes[line.tank_code]:
        found.append(("tank_code", "major_tank_volume", line.tank_code))
    if chemical.density is None:
        found.append(("chemical_id", "chemical_density", chemical.name))
    if line.level_tag and points.get(line.level_tag, (None, ""))[1] != "%":
        found.append(("level_tag", "major_level_point", line.level_tag))
    return found


async def _level(uow: UnitOfWork, device_id: UUID) -> _Level | None:
    """What a level point says now in percent; None when it is bad (a silent source makes its points bad)."""
    stored = (await history.latest(uow, device_id))[1]
    if stored is None or stored.quality < 0 or not 0 <= stored.value <= 100:
        return None
    return _Level(stored.value, stored.ts)


def filled(height: float, sphere: bool) -> float:
    """The share of a tank's volume below a share of its height: that of an upright cylinder, or of a sphere, which holds more above its
    middle than the height says."""
    return height * height * (3 - 2 * height) if sphere else height


def _row(
    line: StoredLine,
    chemical: Chemical,
    volumes: Mapping[str, float | None],
    levels: Mapping[str, _Level | None],
    spheres: Set[str],
) -> AssessedRow:
    volume = volumes[line.tank_code] if line.tank_code else None
    level = levels[line.level_tag] if line.level_tag else None
    now = line.current_t
    if volume and chemical.density and line.filling:
        design = volume * line.filling * chemical.density
        if level:
            now = volume * filled(level.percent / 100, line.tank_code in spheres) * chemical.density
    else:
        design = line.design_t or 0.0
    rate = rated(chemical)
    return AssessedRow(
        chemical_id=chemical.id, name=chemical.name, name_en=chemical.name_en, place=line.place,
        tank_code=line.tank_code, volume_m3=volume, filling=line.filling,
        density=chemical.density if line.tank_code else None, level_tag=line.level_tag,
        level_percent=level.percent if level else None, level_at=level.at if level else None, design_t=design,
        now_t=design if now is None else now, now_known=now is not None, q=rate.q or 0.0, q_from=rate.q_from,
        beta=rate.beta or 0.0, beta_from=rate.beta_from, basis=chemical.basis,
    )  # fmt: skip
