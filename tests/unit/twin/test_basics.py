"""Clock, ids, texts and errors: small things that everything relies on."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from twin import clock, i18n
from twin.ids import uuid7
from twin.ops.lifeline import tell_hold_ups
from twin.registry.layer import layers


def test_the_clock_moves_only_while_travelling() -> None:
    before = clock.now()
    with clock.travel(by=timedelta(hours=2)):
        assert timedelta(hours=1, minutes=59) < clock.now() - before < timedelta(hours=2, minutes=1)
        with clock.travel(datetime(2030, 1, 1, tzinfo=UTC), freeze=True):
            assert clock.now() == clock.now() == datetime(2030, 1, 1, tzinfo=UTC)
    assert clock.now() - before < timedelta(minutes=1)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"), clock.travel(datetime(2030, 1, 1)):  # noqa: DTZ001
        pass


def test_ids_are_version_7_unique_and_ordered_also_from_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = [i for chunk in pool.map(lambda _: [uuid7() for _ in range(500)], range(8)) for i in chunk]
    assert len(set(ids)) == len(ids)
    assert {i.version for i in ids} == {7}
    one_by_one = [uuid7() for _ in range(1000)]
    assert one_by_one == sorted(one_by_one)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh-CN"), ("en", "en"), ("en-GB,en;q=0.9", "en"), ("fr", "zh-CN"), ("fr,en;q=0.5,zh;q=0.8", "zh-CN"), ("en;q=x", "zh-CN"),
        ("zh-TW", "zh-CN"),
    ],
)  # fmt: skip
def test_language_is_negotiated(header: str | None, language: str) -> None:
    assert i18n.negotiate(header) == language


def test_texts_are_complete_in_both_languages_and_take_parameters() -> None:
    assert set(i18n.catalogue("zh-CN")) == set(i18n.catalogue("en"))
    assert "15" in i18n.t("error.cluster_other_major", "en", data=15, installed="14")
    assert i18n.t("no.such.key") == "no.such.key"
    assert "{data}" in i18n.t(
        "error.cluster_other_major", "en"
    )  # a missing parameter shows, it does not break the answer


def test_every_layer_says_its_name_in_both_languages() -> None:
    for layer in layers().values():
        for text in (layer.title, layer.description, *(f.title for f in layer.all_fields)):
            assert text.zh and text.en
        assert layer.legend("zh-CN") and layer.legend("en")


async def test_what_holds_up_a_service_is_told() -> None:
    with capture_logs() as said:
        looks = asyncio.create_task(tell_hold_ups(look=0.01, late=0.2))
        await asyncio.sleep(0.02)
        time.sleep(0.4)  # noqa: ASYNC251 - as a fault would
        await asyncio.sleep(0.02)
        looks.cancel()
    assert any(line["event"] == "the service was held up" and line["seconds"] >= 0.3 for line in said)
