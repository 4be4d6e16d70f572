import {
  buildModuleUrl,
  Cartesian2,
  Cartesian3,
  Cesium3DTileset,
  CesiumWidget,
  Color,
  PerspectiveFrustum,
  type Primitive,
  type Scene,
  type SplitDirection,
} from '@cesium/engine'
import { THEMES } from '@twin/ui'
import { Drape } from './drape'
import type { SiteFrame, Vec3 } from './frame'
import { groundDisc } from './ground'
import { eye, upDirection, viewDirection, type Lens, type Orbit } from './orbit'
import { Signs } from './live/signs3d'
import { Pins } from './pins'

export interface EngineOptions {
  element: HTMLElement
  frame: SiteFrame
  /** where Cesium's own workers and data lie, with a slash at the end */
  assets: string
  uiScale: number
  /** draw as finely without a graphics processor as with one (for pictures in documents) */
  fine: boolean
  onPreRender: () => void
  onPostRender: () => void
  onTiles: (pending: number) => void
  onLost: () => void
  onTilesetError: (error: unknown) => void
}

/** Share of the full resolution that a draft has. */
const DRAFT = 0.4
const FOV_Y = (42 * Math.PI) / 180
const FOV_X_MAX = (104 * Math.PI) / 180

/** Everything that lives in one WebGL context. It is thrown away and made again when the context is lost. */
export class Engine {
  readonly widget: CesiumWidget
  readonly scene: Scene
  readonly drape: Drape
  readonly pins: Pins
  readonly signs: Signs
  private readonly loaded = new Map<string, Cesium3DTileset>()
  private readonly loading = new Set<string>()
  private wanted: ReadonlyMap<string, SplitDirection> = new Map()
  private readonly kept = new Map<string, Primitive[]>()
  private pendingTiles = 0
  private destroyed = false
  readonly software: boolean
  private draft = false
  /** the last frame was no draft; until then there is no depth to read at the new size */
  private drawnFine = false
  private quiet: ReturnType<typeof setTimeout> | undefined
  private readonly finest: number

  constructor(private readonly options: EngineOptions) {
    // its typings leave this out
    ;(buildModuleUrl as unknown as { setBaseUrl(url: string): void }).setBaseUrl(options.assets)
    const theme = THEMES.wall
    const holder = document.createElement('div')
    holder.className = 'scene-canvas'
    options.element.prepend(holder)
    const credits = document.createElement('div') // nothing of Ion or Bing is used
    this.widget = new CesiumWidget(holder, {
      baseLayer: false,
      globe: false,
      skyBox: false,
      skyAtmosphere: false,
      creditContainer: credits,
      creditViewport: credits,
      requestRenderMode: true,
      maximumRenderTimeChange: Infinity,
      orderIndependentTranslucency: false,
      msaaSamples: 1,
      showRenderLoopErrors: false,
      scene3DOnly: true,
      contextOptions: { webgl: { alpha: false, antialias: false, powerPreference: 'high-performance' } },
    })
    const scene = (this.scene = this.widget.scene)
    this.software = isSoftware(scene.canvas)
    scene.msaaSamples = this.software ? 1 : 4
    this.finest = options.fine || !this.software ? 8 : 32
    scene.backgroundColor = Color.fromCssColorString(theme.bg)
    scene.highDynamicRange = false
    scene.fog.enabled = false
    if (scene.sun) scene.sun.show = false
    if (scene.moon) scene.moon.show = false
    scene.screenSpaceCameraController.enableInputs = false
    scene.camera.frustum.near = 0.5
    this.drape = new Drape(options.frame)
    this.lay(1.2)
    this.pins = new Pins(scene, options.frame, theme.panelSolid, options.uiScale)
    this.signs = new Signs(scene, options.frame, options.uiScale)
    scene.preRender.addEventListener(() => {
      this.drape.update(scene.camera)
      options.onPreRender()
    })
    scene.postRender.addEventListener(() => {
      this.drawnFine = !this.draft
      options.onPostRender()
    })
    scene.renderError.addEventListener(() => this.lose())
    scene.canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault()
      this.lose()
    })
    this.touch()
  }

  /** The quiet ground around the model, so far below the site's zero. */
  lay(drop: number): void {
    const theme = THEMES.wall
    const colours = { near: theme.ground, far: theme.bg, line: theme.grid }
    this.keep('ground', [groundDisc(this.options.frame, colours, 3000, drop)])
  }

  private lost = false

  /** A lost context shows as an event and as a failing frame: it is told once. */
  private lose(): void {
    if (this.lost || this.destroyed) return
    this.lost = true
    this.options.onLost()
  }

  get pending(): number {
    return this.pendingTiles
  }

  /** Without a graphics processor: draw coarsely while tiles come in or the camera moves, and finely once all is quiet. */
  touch(): void {
    if (!this.software || this.destroyed) return
    this.setDraft(true)
    clearTimeout(this.quiet)
    this.quiet = setTimeout(() => {
      if (this.pendingTiles > 0) this.touch()
      else this.setDraft(false)
    }, 400)
  }

  private setDraft(draft: boolean): void {
    if (draft === this.draft || this.destroyed) return
    this.draft = draft
    this.drawnFine = false
    const scale = draft ? DRAFT : 1
    this.widget.resolutionScale = scale
    for (const tileset of this.tilesets) tileset.maximumScreenSpaceError = this.finest * scale
    this.draw()
  }

  /** Is there no mesh at all, and none to come? */
  get bare(): boolean {
    return this.wanted.size === 0
  }

  get tilesets(): Cesium3DTileset[] {
    return [...this.loaded.values()]
  }

  get canvas(): HTMLCanvasElement {
    return this.scene.canvas
  }

  get tilesLoaded(): boolean {
    return (
      this.drawnFine &&
      this.pendingTiles === 0 &&
      this.loading.size === 0 &&
      this.loaded.size > 0 &&
      this.tilesets.every((t) => t.tilesLoaded)
    )
  }

  /** Shows these tilesets and no others, each on the whole picture or on one side of its split. */
  show(wanted: ReadonlyMap<string, SplitDirection>): void {
    for (const [url, tileset] of this.loaded)
      if (!wanted.has(url)) {
        this.scene.primitives.remove(tileset)
        this.loaded.delete(url)
      }
    this.wanted = wanted
    for (const [url, side] of wanted) {
      const known = this.loaded.get(url)
      if (known) known.splitDirection = side
      else void this.load(url)
    }
    this.touch()
    this.draw()
  }

  /** Where the picture is split, 0 left .. 1 right. */
  split(at: number): void {
    this.scene.splitPosition = at
    this.draw()
  }

  private async load(url: string): Promise<void> {
    if (this.loading.has(url)) return
    this.loading.add(url)
    try {
      const tileset = await Cesium3DTileset.fromUrl(url, {
        maximumScreenSpaceError: this.finest * (this.draft ? DRAFT : 1),
        cacheBytes: 768 * 1024 * 1024,
        maximumCacheOverflowBytes: 512 * 1024 * 1024,
        enableCollision: false,
        environmentMapOptions: { enabled: false },
      })
      const side = this.wanted.get(url)
      if (this.destroyed || side === undefined) {
        tileset.destroy()
        return
      }
      tileset.splitDirection = side
      this.drape.attach(tileset)
      tileset.loadProgress.addEventListener((requests: number, processing: number) => {
        this.pendingTiles = requests + processing
        if (this.pendingTiles > 0) this.touch()
        this.options.onTiles(this.pendingTiles)
      })
      tileset.allTilesLoaded.addEventListener(() => this.options.onTiles(0))
      this.scene.primitives.add(tileset, 0)
      this.loaded.set(url, tileset)
      this.draw()
    } catch (error) {
      this.options.onTilesetError(error)
    } finally {
      this.loading.delete(url)
    }
  }

  draw(): void {
    if (!this.destroyed) this.scene.requestRender()
  }

  /** Replaces the primitives kept under a name. */
  keep(name: string, primitives: (Primitive | undefined)[]): void {
    for (const old of this.kept.get(name) ?? []) this.scene.primitives.remove(old)
    const fresh = primitives.filter((p) => p !== undefined)
    for (const primitive of fresh) this.scene.primitives.add(primitive)
    this.kept.set(name, fresh)
    this.draw()
  }

  lens(): Lens {
    const { clientWidth: width, clientHeight: height } = this.options.element
    const aspect = width / Math.max(1, height)
    const fovx = Math.min(FOV_X_MAX, 2 * Math.atan(Math.tan(FOV_Y / 2) * aspect))
    return { width, height, fovy: 2 * Math.atan(Math.tan(fovx / 2) / aspect) }
  }

  look(orbit: Orbit): void {
    if (this.destroyed) return
    this.touch()
    const { frame } = this.options
    const { width, height, fovy } = this.lens()
    const frustum = this.scene.camera.frustum
    if (frustum instanceof PerspectiveFrustum && height > 0) {
      const aspect = width / height
      // Cesium's fov is that of the longer side
      frustum.fov = aspect > 1 ? 2 * Math.atan(Math.tan(fovy / 2) * aspect) : fovy
    }
    this.scene.camera.setView({
      destination: Cartesian3.fromArray(frame.toEcef(eye(orbit))),
      orientation: {
        direction: Cartesian3.fromArray(frame.direction(viewDirection(orbit))),
        up: Cartesian3.fromArray(frame.direction(upDirection(orbit))),
      },
    })
    this.draw()
  }

  /** The point of the model under a pixel, in local metres. */
  pickModel(x: number, y: number): Vec3 | undefined {
    if (!this.scene.pickPositionSupported) return undefined
    try {
      const hit = this.scene.pickPosition(new Cartesian2(x, y))
      return hit ? this.options.frame.ecefToLocal([hit.x, hit.y, hit.z]) : undefined
    } catch {
      return undefined // no depth there yet
    }
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    clearTimeout(this.quiet)
    const holder = this.widget.container
    try {
      this.widget.destroy()
      this.drape.destroy()
    } catch {
      // a lost context cannot always be cleaned up
    }
    holder.remove()
  }
}

function isSoftware(canvas: HTMLCanvasElement): boolean {
  const gl = canvas.getContext('webgl2')
  const info = gl?.getExtension('WEBGL_debug_renderer_info')
  const name = info ? String(gl?.getParameter(info.UNMASKED_RENDERER_WEBGL)) : ''
  return /swiftshader|llvmpipe|software|basic render/i.test(name)
}
