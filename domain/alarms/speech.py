"""Spoken alarm texts: one wording in one voice for every screen, made by the server (espeak-ng) and kept by text.

Mandarin goes to espeak-ng as pinyin with tone numbers (pypinyin): its own reading of hanzi is poorer.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from pathlib import Path

from domain.alarms.errors import NoSpeech
from twin.ids import uuid7
from twin.settings import get_settings

try:
    import pypinyin
except ImportError:  # the browser's voice is used
    pypinyin = None  # type: ignore[assignment]

_DIGITS = "零一二三四五六七八九"
_UNITS = {
    "mg/m³": "毫克每立方米", "mg/m3": "毫克每立方米", "m³/h": "立方米每小时", "MPa": "兆帕", "kPa": "千帕", "℃": "摄氏度",
    "°C": "摄氏度", "mm": "毫米", "m³": "立方米", "m/s": "米每秒", "kg": "千克", "/s": "每秒", "m": "米", "t": "吨",
}  # fmt: skip
_UNIT = re.compile("(?<=[0-9])(" + "|".join(map(re.escape, _UNITS)) + ")(?![A-Za-z0-9])")
#: Names of the letters as plant people say them, in pinyin.
_LETTERS = {
    "A": "ei1", "B": "bi4", "C": "xi1", "D": "di4", "E": "yi4", "F": "ai2fu2", "G": "ji4", "H": "ai2qu4", "I": "ai4",
    "J": "zhei4", "K": "kai4", "L": "ai2lu2", "M": "ai2mu3", "N": "en1", "O": "ou1", "P": "pi1", "Q": "kou4",
    "R": "a4", "S": "ai2si1", "T": "ti4", "U": "you4", "V": "wei1", "W": "da2bu2liu4", "X": "ai2ke4si1", "Y": "wai4",
    "Z": "zei4",
}  # fmt: skip
_VOICES = {"zh-CN": "cmn-latn-pinyin", "en": "en-gb"}
#: Texts that are kept.
KEPT = 500


def number(text: str) -> str:
    """A decimal number in hanzi: ``-105.2`` is 负一百零五点二."""
    sign, text = ("负", text[1:]) if text.startswith("-") else ("", text)
    whole, _, rest = text.partition(".")
    said = _whole(int(whole))
    said = said[1:] if said.startswith("一十") else said
    return sign + said + ("点" + "".join(_DIGITS[int(c)] for c in rest) if rest else "")


def _whole(n: int) -> str:
    if n >= 10**12:
        return "".join(_DIGITS[int(c)] for c in str(n))
    for power, name in ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if n >= power:
            head, tail = divmod(n, power)
            return _whole(head) + name + (("零" if tail < power // 10 else "") + _whole(tail) if tail else "")
    return _DIGITS[n]


def pinyin(text: str) -> str:
    """A Chinese text with numbers, units and tags as pinyin with tone numbers, for the synthesiser."""
    text = re.sub(r"(-?\d+(?:\.\d+)?)%", r"百分之\1", text)
    text = _UNIT.sub(lambda found: _UNITS[found[1]], text)
    text = re.sub(r"(?<![0-9A-Za-z])-?\d+(?:\.\d+)?|(?<=[A-Za-z-])\d+", _said, text)
    parts = pypinyin.lazy_pinyin(text, style=pypinyin.Style.TONE3, neutral_tone_with_five=True, errors=_other)
    return " ".join(part for part in parts if part)


def _said(found: re.Match[str]) -> str:
    digits = found[0]
    tag = found.start() > 0 and found.string[found.start() - 1] in _LETTERS_AND_DASH
    return "".join(_DIGITS[int(c)] for c in digits) if tag else number(digits)


_LETTERS_AND_DASH = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"


def _other(text: str) -> str:
    """What is no hanzi: letters by their names, stops as stops."""
    said = []
    for c in text:
        if letter := _LETTERS.get(c.upper()):
            said.append(letter)
        elif c in "，。；：,;:!?！？（）()":
            said.append(",")
    return " ".join(said)


async def spoken(text: str, language: str) -> Path:
    """A WAV file (16 bit, mono) in which a text is spoken.

    Args:
        language: ``zh-CN`` or ``en``.

    Raises:
        NoSpeech: espeak-ng or pypinyin is not installed, or fails.
    """
    folder = get_settings().var_dir / "speech"
    kept = folder / (hashlib.sha256(f"1 {language} {text}".encode()).hexdigest() + ".wav")
    if kept.is_file():
        return kept
    program = shutil.which("espeak-ng")
    if program is None or (language == "zh-CN" and pypinyin is None):
        raise NoSpeech()
    said = pinyin(text) if language == "zh-CN" else text
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    part = folder / f"{uuid7()}.part"
    process = await asyncio.create_subprocess_exec(
        program, "-v", _VOICES[language], "-s", "150", "-w", str(part), "--stdin",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(20):
            await process.communicate(said.encode())
        if process.returncode or not part.is_file():
            raise NoSpeech()
        part.replace(kept)
    except TimeoutError:
        raise NoSpeech() from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        part.unlink(missing_ok=True)
    await asyncio.to_thread(_prune, folder)
    return kept


def _prune(folder: Path) -> None:
    files = sorted(folder.glob("*.wav"), key=lambda file: file.stat().st_mtime)
    for file in files[: max(0, len(files) - KEPT)]:
        file.unlink(missing_ok=True)
