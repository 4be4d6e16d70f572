"""A phone with a camera that never shows the same picture twice: the server refuses a photo that it has seen before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import CHROMIUM, FLAGS, PATIENCE

_SIZE = (320, 240)
_FRAMES = 40


def video(path: Path) -> None:
    """A short film of random blocks (Y4M), another one each time it is made."""
    width, height = _SIZE
    chance = np.random.default_rng()
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420\n".encode())
        for _ in range(_FRAMES):
            grey = np.kron(chance.integers(16, 235, (12, 16), dtype=np.uint8), np.ones((20, 20), np.uint8))
            file.write(b"FRAME\n" + grey.tobytes() + bytes([128]) * (width * height // 2))


@contextmanager
def phone(browser: Browser, folder: Path, lon: float, lat: float) -> Iterator[BrowserContext]:
    """A phone at a place (EPSG:4326, degrees), with the camera that shows the film. The film is given when Chromium starts, so this one is
    started beside ``browser``, by the same driver: a process can have only one."""
    film = folder / "camera.y4m"
    video(film)
    flags = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    chromium = browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True, is_mobile=True,
        geolocation={"longitude": lon, "latitude": lat, "accuracy": 5}, permissions=["camera", "geolocation"],
    )  # fmt: skip
    context.set_default_timeout(PATIENCE)
    try:
        yield context
    finally:
        chromium.close()


def take_photo(page: Page) -> None:
    """Takes one live photo with the form that is open."""
    before = page.locator("[data-test=photo]").count()
    page.locator("[data-test=photo-add]").first.click()
    page.locator("[data-test=photo-take]").click()
    page.locator("[data-test=photo-use]").click()
    expect(page.locator("[data-test=photo]")).to_have_count(before + 1, timeout=PATIENCE)


def sign(page: Page, password: str) -> None:
    """Writes onto the pad and confirms with the password."""
    pad = page.locator("[data-test=pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    for x, y in ((0.4, 0.7), (0.6, 0.3), (0.8, 0.7)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
    page.mouse.up()
    page.locator("input[name=signature-password]").fill(password)
    page.locator("[data-test=sign-confirm]").click()
