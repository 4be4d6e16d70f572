"""What is heard: spoken alarms, and an annunciator on a real Modbus server."""

from __future__ import annotations

import io
import shutil
import wave
from collections.abc import Iterator
from typing import Any

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from domain.alarms import speech
from domain.alarms.annunciator import Annunciators
from tests.alarms.test_desk import RESULT, down, up
from tests.conftest import Enterprise, SignIn
from tests.ingest.support import quiet_port
from twin.settings import Settings


class Siren:
    """An annunciator: a real Modbus TCP server that notes what its coils were set to."""

    def __init__(self) -> None:
        self.port, self.coils = quiet_port(), dict[int, bool]()
        self._server: ModbusTcpServer | None = None

    async def start(self) -> None:
        async def act(code: int, start: int, address: int, count: int, current: list[int], new: Any) -> Any:
            if code == 5 and new is not None:  # it is read back too
                self.coils[address] = bool(new[0])
            return None

        block = SimData(0, count=16, values=0, datatype=DataType.REGISTERS)
        self._server = ModbusTcpServer([SimDevice(1, [block], action=act)], address=("127.0.0.1", self.port))
        await self._server.listen()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
        self._server = None


pytestmark = pytest.mark.usefixtures("fresh_speech")


@pytest.fixture
def fresh_speech(database: Settings) -> Iterator[None]:
    """No text has been spoken before."""
    shutil.rmtree(database.var_dir / "speech", ignore_errors=True)
    yield


def test_numbers_are_read_as_people_read_them() -> None:
    for text, said in {
        "0": "零", "10": "十", "15": "十五", "110": "一百一十", "105.20": "一百零五点二零", "-3": "负三",
        "1000": "一千", "1010": "一千零一十", "20003": "二万零三", "100000": "十万", "350000000": "三亿五千万",
    }.items():  # fmt: skip
        assert speech.number(text) == said


async def test_texts_become_pinyin_with_letters_and_units(database: Settings) -> None:
    pytest.importorskip("pypinyin")
    assert speech.pinyin("液位（LT-101）：9.5m") == "ye4 wei4 , ai2lu2 ti4 yi1 ling2 yi1 , , jiu3 dian3 wu3 mi3"
    assert speech.pinyin("-9%") == "bai3 fen1 zhi1 fu4 jiu3"


@pytest.mark.req("M9.4")
@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
async def test_an_alarm_is_spoken_in_mandarin_and_english(enterprise: Enterprise, sign_in: SignIn) -> None:
    pytest.importorskip("pypinyin")
    desk, alarm = await sign_in("control"), await up(enterprise, "point:speech:hh")
    lengths = {}
    for language in ("zh-CN", "en"):
        answer = await desk.get(f"/api/alarms/{alarm}/speech", params={"language": language})
        assert answer.status_code == 200 and answer.headers["content-type"] == "audio/wav"
        with wave.open(io.BytesIO(answer.content)) as sound:
            lengths[language] = sound.getnframes() / sound.getframerate()
            assert sound.getsampwidth() == 2 and any(sound.readframes(sound.getnframes())), "not silence"
    assert 2 < lengths["zh-CN"] < 20 and 2 < lengths["en"] < 20
    again = await desk.get(f"/api/alarms/{alarm}/speech", params={"language": "en"})
    assert again.content == answer.content


async def test_without_a_voice_the_client_is_told(
    enterprise: Enterprise, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, alarm = await sign_in("control"), await up(enterprise, "point:mute:hh")
    monkeypatch.setenv("PATH", "/nowhere")
    answer = await desk.get(f"/api/alarms/{alarm}/speech")
    assert (answer.status_code, answer.json()["code"]) == (503, "no_speech")


@pytest.mark.req("M9.4")
async def test_the_annunciator_sounds_until_the_alarm_is_acknowledged(enterprise: Enterprise, sign_in: SignIn) -> None:
    desk, admin = await sign_in("control"), await sign_in("manager")
    for mute in (await desk.get("/api/alarms", params={"state": "active"})).json()["items"]:
        await desk.post(f"/api/alarms/{mute['id']}/acknowledge")
    sirens = Annunciators()
    bus = Siren()
    await bus.start()
    try:
        body = {"annunciator": {"host": "127.0.0.1", "port": bus.port, "unit": 1, "coils": {"1": 3, "2": 4}}}
        assert (await desk.put("/api/alarms/desk", json=body)).status_code == 403
        kept = await admin.put("/api/alarms/desk", json=body)
        assert kept.status_code == 200 and kept.json()["annunciator"]["coils"] == {"1": 3, "2": 4}
        wrong = {"annunciator": {"host": "h", "coils": {"5": 1}}}
        assert (await admin.put("/api/alarms/desk", json=wrong)).status_code == 422

        async def lamps() -> list[bool]:
            await sirens.step()
            return [bus.coils[3], bus.coils[4]]

        assert await lamps() == [False, False]
        red = await up(enterprise, "point:siren:hh")
        assert await lamps() == [True, False]
        await up(enterprise, "point:siren:h", grade=2)
        assert await lamps() == [True, True]
        await desk.post(f"/api/alarms/{red}/acknowledge")
        assert await lamps() == [False, True], "silent once it is acknowledged"
        await down(enterprise, "point:siren:h")
        assert await lamps() == [False, False]
        await bus.stop()
        await sirens.step()
        (told,) = (await desk.get("/api/alarms", params={"type": "annunciator"})).json()["items"]
        assert told["active"] and str(bus.port) in told["title"]
        await desk.post(f"/api/alarms/{told['id']}/handle", json=RESULT)
        await bus.start()
        assert await lamps() == [False, False]
        assert not (await desk.get(f"/api/alarms/{told['id']}")).json()["active"]
    finally:
        sirens.close()
        await bus.stop()
