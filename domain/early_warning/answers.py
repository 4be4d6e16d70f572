"""From scores to answers in the reader's language."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.early_warning import ahp, repository, service
from domain.early_warning.forecast import forecast
from domain.early_warning.model import KEYS
from domain.early_warning.models import IndexTarget
from domain.early_warning.schemas import (
    IndexArea,
    IndexAspect,
    IndexCoefficient,
    IndexDay,
    IndexForecast,
    IndexForecastDay,
    IndexIndicator,
    IndexKey,
    IndexModelOut,
    IndexNow,
    IndexRadar,
    IndexTrend,
    IndexVeto,
    IndicatorOut,
)
from domain.early_warning.score import AspectScore, IndicatorScore
from domain.early_warning.service import Evaluation
from twin import clock
from twin.db.uow import UnitOfWork
from twin.registry.indicator import ASPECTS, Indicator, indicators
from twin.spatial import repository as spatial

TITLES = dict(ASPECTS)
_TREND = timedelta(days=7)
_TREND_SLACK = timedelta(days=1)


def aspect(found: AspectScore, language: str) -> IndexAspect:
    """An aspect with its indicators."""
    return IndexAspect(
        key=found.key,
        title=TITLES[found.key].get(language),
        state=found.state,
        score=found.score,
        weight=found.weight,
        share=found.share,
        indicators=[_indicator(i, language) for i in found.indicators],
    )


def _indicator(found: IndicatorScore, language: str) -> IndexIndicator:
    declared = found.indicator
    return IndexIndicator(
        key=declared.key, title=declared.title.get(language), value=found.value, unit=declared.unit, excess=found.excess,
        coefficient=found.coefficient, penalty=found.penalty, rows=found.rows, veto=declared.veto,
        timed=declared.timed,
    )  # fmt: skip


async def now(uow: UnitOfWork, found: Evaluation, language: str) -> IndexNow:
    """The index with everything that it is made of."""
    whole, names = found.whole, await repository.areas(uow.session)
    then = await repository.point_before(uow.session, "", found.at - _TREND)
    trend = None
    if whole.value is not None and then is not None and found.at - _TREND - then.at < _TREND_SLACK:
        same = {a.key for a in whole.aspects if a.score is not None} == set(then.aspects)
        trend = IndexTrend(
            days=_TREND.days, before=then.value, change=whole.value - then.value, same_aspects=same
        )  # fmt: skip
    scored = {i.indicator.key: i for a in whole.aspects for i in a.indicators}
    areas = [
        IndexArea(
            zone=code, name=names[code][1] if language == "en" and names[code][1] else names[code][0],
            value=score.value, level=score.level,
            aspects={a.key: a.score for a in score.aspects if a.score is not None},
        )
        for code, score in found.areas.items()
    ]  # fmt: skip
    return IndexNow(
        at=found.at, value=whole.value, uncapped=whole.uncapped, level=whole.level,
        vetoes=[
            IndexVeto(indicator=key, title=scored[key].indicator.title.get(language), rows=scored[key].rows)
            for key in whole.vetoes
        ],
        veto_cap=found.model.veto_cap, bands=found.model.bands, model_version=found.version, trend=trend,
        aspects=[aspect(a, language) for a in whole.aspects], areas=areas,
    )  # fmt: skip


def library(found: Evaluation, targets: dict[str, IndexTarget], language: str) -> list[IndicatorOut]:
    """Every indicator with its target, owner and value."""
    return [library_line(declared, found, targets.get(key), language) for key, declared in indicators().items()]


def library_line(declared: Indicator, found: Evaluation, own: IndexTarget | None, language: str) -> IndicatorOut:
    """One line of the library."""
    reading = found.readings.get(declared.key)
    value = declared.value(reading) if reading is not None else None
    target = own.target if own else declared.target
    return IndicatorOut(
        key=declared.key, aspect=declared.aspect, title=declared.title.get(language),
        formula=declared.formula.get(language), source=declared.source, unit=declared.unit, how=declared.how,
        best=declared.best, higher=declared.higher,
        coefficient=found.model.coefficients.get(declared.key, declared.coefficient),
        window_hours=declared.window.total_seconds() / 3600, timed=declared.timed, veto=declared.veto, target=target,
        owner=own.owner if own else declared.owner, owner_name=own.owner_name if own else "",
        version=own.version if own else 0, value=value, met=None if value is None else declared.met(value, target),
    )  # fmt: skip


async def model(uow: UnitOfWork, language: str) -> IndexModelOut:
    """The model in force."""
    row, body = await service.current_model(uow)
    return IndexModelOut(
        version=row.version if row else 0, at=row.at if row else None, by=row.by_name if row else "", model=body,
        weights=body.weights(), consistency_ratio=ahp.consistency_ratio(body.matrix), limit=ahp.LIMIT,
        aspects=[IndexKey(key=key, title=TITLES[key].get(language)) for key in KEYS],
        indicators=[
            IndexCoefficient(
                key=i.key, title=i.title.get(language), aspect=i.aspect, coefficient=i.coefficient, veto=i.veto
            )
            for i in indicators().values()
            if i.aspect in TITLES
        ],
    )  # fmt: skip


async def month(uow: UnitOfWork, scope: str, days: int, ahead: int) -> IndexForecast:
    """The last days of the site's clock and the forecast of those to come, from the days that have values."""
    zone = await spatial.timezone(uow.session)
    end = clock.now()
    found = await repository.days(uow.session, scope, end - timedelta(days=days), end, zone)
    today = end.astimezone(ZoneInfo(zone)).date()
    steps = forecast([value for _, value, *_ in found], ahead)
    return IndexForecast(
        past=[IndexDay(day=d, value=v, low=low, high=high, hours=n) for d, v, low, high, n in found],
        future=[
            IndexForecastDay(
                day=_day(today, step.ahead), value=step.value, low=step.band[0] if step.band else None,
                high=step.band[1] if step.band else None, errors=step.errors,
            )
            for step in steps
        ],
    )  # fmt: skip


def _day(today: date, ahead: int) -> date:
    return today + timedelta(days=ahead)


async def radar(uow: UnitOfWork, found: Evaluation) -> IndexRadar:
    """Now against the mean of the month before (of the site's calendar)."""
    zone = ZoneInfo(await spatial.timezone(uow.session))
    local = found.at.astimezone(zone)
    until = datetime(local.year, local.month, 1, tzinfo=zone)
    before = until - timedelta(days=1)
    since = datetime(before.year, before.month, 1, tzinfo=zone)
    hours, then = await repository.aspect_means(uow.session, "", since, until)
    scores = {a.key: a.score for a in found.whole.aspects if a.score is not None}
    return IndexRadar(now=scores, then=then, since=since, until=until, hours=hours)
