"""Two engines draw a tileset in Chromium: Cesium as the viewer has it, and NASA-AMMOS' 3d-tiles-renderer on three.

Each is bundled into one script, served with its decoders and the tileset by a small HTTP server, and draws one picture
of 512 x 512 pixels from a given place on a magenta ground when everything that the picture needs is loaded.
"""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tiles.tiles3d.manifest import read_manifest

ROOT = Path(__file__).resolve().parents[3]
CHROMIUM = Path("/usr/bin/chromium")
CESIUM = ROOT / "viewer" / "node_modules" / "@cesium" / "engine"
JUDGES = ROOT / "var" / "judges" / "node" / "node_modules"
RENDERER, THREE = JUDGES / "3d-tiles-renderer", JUDGES / "three"
ROLLDOWN = ROOT / "viewer" / "node_modules" / ".bin" / "rolldown"
FLAGS = [
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
    "--disable-background-networking",
]  # fmt: skip
SIZE = 512
MAGENTA = (255, 0, 255)
#: Software rendering on busy cores: only when to give up.
PATIENCE = 120_000

#: ``draw(view)`` answers {"picture", "errors"}: a PNG, and the geometric errors of the tiles in it.
_CESIUM = """
import { Cartesian3, Cesium3DTileset, Color, PerspectiveFrustum, Scene } from '%(cesium)s/index.js'
const canvas = document.querySelector('canvas')
const scene = new Scene({ canvas, contextOptions: { webgl: { preserveDrawingBuffer: true, antialias: false } }, msaaSamples: 1 })
scene.backgroundColor = Color.MAGENTA
for (const thing of [scene.sun, scene.moon, scene.skyBox, scene.skyAtmosphere]) if (thing) thing.show = false
scene.fog.enabled = false
window.draw = async (view) => {
  scene.primitives.removeAll()
  const tileset = await Cesium3DTileset.fromUrl(view.url, { maximumScreenSpaceError: view.error, dynamicScreenSpaceError: false,
    foveatedScreenSpaceError: false, cullRequestsWhileMoving: false, skipLevelOfDetail: false, enableCollision: false })
  scene.primitives.add(tileset)
  const { camera } = scene
  camera.frustum = new PerspectiveFrustum({ fov: view.fov, aspectRatio: 1, near: 1, far: 20000 })
  const [position, direction, up] = [view.position, view.direction, view.up].map((v) => Cartesian3.fromArray(v))
  camera.setView({ destination: position, orientation: { direction, up } })
  let errors = []
  tileset.tileVisible.addEventListener((tile) => errors.push(tile.geometricError))
  for (let still = 0; still < 3; ) {
    errors = []
    scene.initializeFrame()
    scene.render()
    still = tileset.tilesLoaded && errors.length ? still + 1 : 0
    await new Promise(requestAnimationFrame)
  }
  return { picture: canvas.toDataURL('image/png'), errors }
}
window.ready = true
"""
_THREE = """
import { Color, PerspectiveCamera, Scene, Vector3, WebGLRenderer, Matrix4 } from '%(three)s/build/three.module.js'
import { GLTFLoader } from '%(three)s/examples/jsm/loaders/GLTFLoader.js'
import { KTX2Loader } from '%(three)s/examples/jsm/loaders/KTX2Loader.js'
import { MeshoptDecoder } from '%(three)s/examples/jsm/libs/meshopt_decoder.module.js'
import { TilesRenderer } from '%(renderer)s/build/index.three.js'
import { GLTFExtensionsPlugin } from '%(renderer)s/build/index.three-plugins.js'
const canvas = document.querySelector('canvas')
const renderer = new WebGLRenderer({ canvas, preserveDrawingBuffer: true, antialias: false })
renderer.setPixelRatio(1)
renderer.setClearColor(new Color(1, 0, 1), 1)
const ktxLoader = new KTX2Loader().setTranscoderPath('/three/examples/jsm/libs/basis/').detectSupport(renderer)
window.draw = async (view) => {
  const tiles = new TilesRenderer(view.url)
  tiles.registerPlugin(new GLTFExtensionsPlugin({ meshoptDecoder: MeshoptDecoder, ktxLoader }))
  tiles.errorTarget = view.error
  const scene = new Scene()
  scene.add(tiles.group)
  const camera = new PerspectiveCamera((view.fov * 180) / Math.PI, 1, 1, 20000)
  const [position, direction, up] = [view.position, view.direction, view.up].map((v) => new Vector3(...v))
  camera.position.copy(position)
  camera.quaternion.setFromRotationMatrix(new Matrix4().lookAt(new Vector3(), direction, up))
  camera.updateMatrixWorld()
  tiles.setCamera(camera)
  tiles.setResolution(camera, 512, 512)
  let failed = null
  tiles.addEventListener('load-error', (event) => { failed = event.error })
  for (let still = 0; still < 3; ) {
    tiles.update()
    renderer.render(scene, camera)
    if (failed) throw failed
    const { stats, visibleTiles } = tiles
    still = visibleTiles.size && !stats.downloading && !stats.parsing && tiles.loadProgress === 1 ? still + 1 : 0
    await new Promise(requestAnimationFrame)
  }
  const errors = [...tiles.visibleTiles].map((t) => t.geometricError)
  tiles.dispose()
  return { picture: canvas.toDataURL('image/png'), errors }
}
window.ready = true
"""
_PAGE = """<!doctype html><meta charset="utf-8"><style>body { margin: 0 }</style><canvas width="512" height="512"></canvas>
<script>window.CESIUM_BASE_URL = '/cesium/'</script><script type="module" src="/bundles/%s.js"></script>"""


def missing(*engines: str) -> str:
    """What of these engines is not installed, for a skip; empty when all is there."""
    needed = [CHROMIUM, ROLLDOWN, CESIUM, *((RENDERER, THREE) if "three" in engines else ())]
    gone = [p.name for p in needed if not p.exists()] + ([] if shutil.which("node") else ["node"])
    return f"not installed (scripts/judges.sh, viewer): {', '.join(gone)}" if gone else ""


class _Handler(SimpleHTTPRequestHandler):
    """Serves several folders under the first piece of the path."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".wasm": "application/wasm", ".js": "text/javascript"}

    def __init__(self, *args: Any, roots: dict[str, tuple[Path, ...]], **more: Any) -> None:
        self.roots = roots
        super().__init__(*args, **more)

    def translate_path(self, path: str) -> str:
        first, _, rest = path.split("?")[0].lstrip("/").partition("/")
        places = [root / rest for root in self.roots.get(first, ())]
        return str(next((p for p in places if p.is_file()), Path("/nowhere")))

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@dataclass
class Drawn:
    """A picture (512, 512, 3), the geometric errors of its tiles, and what Chromium loaded of the tileset."""

    picture: NDArray[np.uint8]
    errors: list[float]
    requests: int
    bytes: int


@dataclass
class Camera:
    """A pinhole in the tileset's local frame (metres, z up)."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    fov: float
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)

    def axes(self) -> tuple[NDArray[np.float64], ...]:
        """Unit vectors to the right, up and ahead."""
        ahead = np.subtract(self.target, self.eye)
        ahead = ahead / np.linalg.norm(ahead)
        right = np.cross(ahead, self.up)
        right = right / np.linalg.norm(right)
        return right, np.cross(right, ahead), ahead

    def pixel(self, point: Sequence[float]) -> tuple[int, int]:
        """Column and row at which a point stands in the picture."""
        right, up, ahead = self.axes()
        at = np.subtract(point, self.eye)
        scale = SIZE / 2 / np.tan(self.fov / 2) / (at @ ahead)
        return int(SIZE / 2 + at @ right * scale), int(SIZE / 2 - at @ up * scale)


@dataclass
class Judge:
    """A page of Chromium with one engine; it compiles its shaders once for all pictures."""

    page: Page
    roots: dict[str, tuple[Path, ...]]
    wire: list[Any]

    def draw(self, tileset: Path, camera: Camera, error: float = 16.0) -> Drawn:
        """The picture of a tileset folder at a screen-space error in pixels; nothing of it comes from a cache."""
        name = f"tileset-{len(self.roots)}"
        self.roots[name] = (tileset,)
        transform = np.array(read_manifest(tileset).transform).reshape(4, 4).T
        _, up, ahead = camera.axes()
        view = {
            "url": f"/{name}/tileset.json",
            "error": error,
            "fov": camera.fov,
            "position": (transform @ [*camera.eye, 1.0])[:3].tolist(),
            "direction": (transform[:3, :3] @ ahead).tolist(),
            "up": (transform[:3, :3] @ up).tolist(),
        }
        answer = self.page.evaluate("(view) => window.draw(view)", view)
        sizes = [r.sizes()["responseBodySize"] for r in self.wire if f"/{name}/" in r.url]
        png = base64.b64decode(answer["picture"].split(",")[1])
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        return Drawn(pixels, sorted(set(answer["errors"])), len(sizes), sum(sizes))


def _bundle(engine: str, folder: Path) -> None:
    """The engine and the drawing in one script, and the page around it."""
    source = {"cesium": _CESIUM, "three": _THREE}[engine] % {"cesium": CESIUM, "three": THREE, "renderer": RENDERER}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{engine}.mjs").write_text(source)
    (folder / f"{engine}.html").write_text(_PAGE % engine)
    command = [str(ROLLDOWN), str(folder / f"{engine}.mjs"), "--file", str(folder / f"{engine}.js"), "--format", "esm"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300)
    assert ran.returncode == 0, ran.stderr + ran.stdout


@contextmanager
def judge(engine: str, folder: Path) -> Iterator[Judge]:
    """A running engine, ``cesium`` or ``three``; its bundle goes into ``folder``."""
    _bundle(engine, folder)
    roots = {"bundles": (folder,), "cesium": (CESIUM / "Build", CESIUM / "Source"), "three": (THREE,)}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, roots=roots))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            page = browser.new_page(viewport={"width": SIZE, "height": SIZE})
            page.set_default_timeout(PATIENCE)
            wire: list[Any] = []
            page.on("requestfinished", lambda request: wire.append(request))
            page.goto(f"http://127.0.0.1:{server.server_port}/bundles/{engine}.html")
            page.wait_for_function("() => window.ready")
            yield Judge(page, roots, wire)
            browser.close()
    finally:
        server.shutdown()
        server.server_close()


def is_ground(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where nothing was drawn (H, W)."""
    return np.asarray((picture == MAGENTA).all(axis=2))
