"""Setting up the demo: its 3D model is generated as a survey delivery and imported like any other."""

from __future__ import annotations

import hashlib
import shutil
from importlib.resources import files
from pathlib import Path

from twin.ops.demo import DemoStep, Report
from twin.settings import Settings

SITE = "demo"
TILESET = "oblique"
#: Share of the time that the generator takes; the rest is the import.
_GENERATE = 0.45


def _folder(settings: Settings) -> Path:
    return settings.sites_dir / SITE / "tiles3d" / TILESET


def _recipe() -> str:
    """Digest of everything that decides how the model looks: a newer generator makes a new model."""
    digest = hashlib.sha256()
    for package in ("gis_assets.demo_model", "gis_assets.sites.demo", "tiles.tiles3d"):
        for path in sorted(Path(str(files(package))).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def done(settings: Settings) -> bool:
    """Whether the model of this generator is there."""
    mark = _folder(settings).with_suffix(".recipe")
    return mark.is_file() and mark.read_text() == _recipe() and (_folder(settings) / "tileset.json").is_file()


def run(settings: Settings, report: Report) -> None:
    """Generate the delivery, import it, remove the delivery."""
    from gis_assets.demo_model.delivery import generate

    from tiles.tiles3d.build import import_delivery
    from tiles.tiles3d.job import Options

    delivery = settings.var_dir / "demo-delivery"
    shutil.rmtree(delivery, ignore_errors=True)
    generate(delivery, lambda share, what: report(share * _GENERATE, what))
    options = Options(id=TILESET, site=SITE, name="示范厂区倾斜摄影", licence="generated, free to use")
    import_delivery(
        delivery,
        _folder(settings),
        options=options,
        progress=lambda share, what: report(_GENERATE + share * (1 - _GENERATE), what),
    )
    shutil.rmtree(delivery, ignore_errors=True)
    _folder(settings).with_suffix(".recipe").write_text(_recipe())


STEPS = (DemoStep("model", 2, done, run),)
