"""Setting up the demo: its 3D models are generated as survey deliveries and imported like any other."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from twin.ops.demo import DemoStep, Report
from twin.settings import Settings

if TYPE_CHECKING:
    from tiles.tiles3d.job import Options

SITE = "demo"
#: Today's model, and one of before the tank farm was built, for the comparison of surveys.
TILESET, EARLIER = "oblique", "oblique-2023"
#: Share of the time that the generator takes; the rest is the import.
_GENERATE = 0.45
#: Share of the time that the survey of today takes.
_TODAY = 0.9


def _folder(settings: Settings, tileset: str = TILESET) -> Path:
    return settings.sites_dir / SITE / "tiles3d" / tileset


def _recipe(settings: Settings) -> str:
    """Digest of everything that decides how the model looks: a newer generator makes a new model."""
    digest = hashlib.sha256(str(settings.demo_detail).encode())
    for package in ("gis_assets.demo_model", "gis_assets.sites.demo", "tiles.tiles3d"):
        for path in sorted(Path(str(files(package))).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def done(settings: Settings) -> bool:
    """Whether the models of this generator are there."""
    mark = _folder(settings).with_suffix(".recipe")
    there = all((_folder(settings, name) / "tileset.json").is_file() for name in (TILESET, EARLIER))
    return there and mark.is_file() and mark.read_text() == _recipe(settings)


def _options(tileset: str) -> Options:
    from tiles.tiles3d.job import Options

    if tileset == TILESET:
        return Options(
            id=TILESET, site=SITE, name="示范厂区倾斜摄影", licence="generated, free to use", date=date(2026, 9, 12),
            accuracy_m=0.03,
        )  # fmt: skip
    return Options(
        id=EARLIER, site=SITE, name="储罐区建成前航测", licence="generated, for internal use", date=date(2023, 4, 18),
        accuracy_m=0.08,
    )  # fmt: skip


def run(settings: Settings, report: Report) -> None:
    """Generate both deliveries, import them, remove them."""
    from gis_assets.demo_model import delivery as model

    from tiles.tiles3d.build import import_delivery

    folder = settings.var_dir / "demo-delivery"
    scene = model.build_scene()
    surveys = ((TILESET, model.WHOLE, 0.0, _TODAY), (EARLIER, model.EARLIER, _TODAY, 1 - _TODAY))
    for tileset, extent, start, share in surveys:
        half = start + share * _GENERATE

        def generating(done: float, what: str, start: float = start, share: float = share) -> None:
            report(start + share * done * _GENERATE, what)

        def importing(done: float, what: str, half: float = half, share: float = share) -> None:
            report(half + share * done * (1 - _GENERATE), what)

        shutil.rmtree(folder, ignore_errors=True)
        model.generate(folder, generating, extent=extent.at(settings.demo_detail), scene=scene)
        import_delivery(folder, _folder(settings, tileset), options=_options(tileset), progress=importing)
        shutil.rmtree(folder, ignore_errors=True)
    _folder(settings).with_suffix(".recipe").write_text(_recipe(settings))


STEPS = (DemoStep("model", 2, done, run),)
