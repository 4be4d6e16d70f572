import { degrees, orbitAround, orbitBeside, orbitOf, viewOf } from './approach'
import { Controls } from './controls'
import { Engine } from './engine'
import { Emitter } from './events'
import { RasterFeeds } from './feeds'
import { SiteFrame, type Vec3 } from './frame'
import { Labels } from './labels'
import { keyOf, pictureOf, type LivePicture } from './live/host'
import { SceneLive } from './live/live3d'
import { drawGroundZones } from './massing'
import { PlantModel } from './model'
import { projector, type Orbit } from './orbit'
import { Pointer } from './pointer'
import type { RasterKind, RasterSource } from './raster'
import { Showing } from './showing'
import { PIN_LAYERS } from './style'
import { Tools } from './tools'
import type { CameraView, FeatureRef, MeasureMode, PlantView, SceneFeature, SceneStats, SceneTexts } from './types'
import { ZonePainter } from './zones'

export interface SceneOptions {
  element: HTMLElement
  /** longitude, latitude in degrees, ellipsoidal height of the ground in metres */
  center: [number, number, number]
  tilesets: string[]
  /** which zone and which object stands where */
  rasters: RasterSource
  /** where Cesium's own workers and data lie */
  assets: string
  home: CameraView
  texts: SceneTexts
  /** 1 on a 1920x1080 wall */
  uiScale?: number
  /** fine tiles even without a graphics processor */
  fine?: boolean
}

const MAX_RECOVERIES = 5

export class PlantScene implements PlantView {
  readonly kind = '3d' as const
  readonly events = new Emitter()
  readonly frame: SiteFrame
  private readonly model: PlantModel
  private readonly labels: Labels
  private readonly controls: Controls
  private readonly zones: ZonePainter
  private readonly showing: Showing
  private readonly pointer: Pointer
  private readonly feeds: RasterFeeds
  readonly live: SceneLive
  readonly tools: Tools
  private engine: Engine
  private ready = false
  private tilesLoaded = false
  private recoveries = 0
  private readonly observer: ResizeObserver

  constructor(private readonly options: SceneOptions) {
    this.frame = new SiteFrame(...options.center)
    this.model = new PlantModel(this.frame)
    this.labels = new Labels(options.element, (placed) => options.texts.name(placed.feature))
    options.element.tabIndex = 0
    this.engine = this.makeEngine()
    this.feeds = new RasterFeeds(options.rasters, this.frame.height, (kind, fresh) => this.cut(kind, fresh))
    const showing = (this.showing = new Showing(this.model, this.frame, this.feeds))
    this.zones = new ZonePainter(this.model, {
      drape: () => this.engine.drape,
      raster: () => this.feeds.zone,
      visible: () => showing.visible.has('zone'),
      selected: () => (showing.selected?.layer === 'zone' ? showing.selected.id : undefined),
      lit: () => showing.lit,
      draw: () => this.engine.draw(),
      touch: () => this.engine.touch(),
      pause: () => (this.engine.software ? 400 : 0),
      reshaped: (ids) => this.reshaped('zone', ids),
      ground: () => drawGroundZones(this.engine, this.frame, this.model, showing.visible.has('zone')),
    })
    this.pointer = this.makePointer()
    this.controls = new Controls(
      options.element,
      {
        lens: () => this.engine.lens(),
        moved: (orbit) => this.moved(orbit),
        taken: () => this.live.follow(undefined),
        click: (x, y) => this.pointer.click(x, y),
        doubleClick: (x, y) => this.pointer.doubleClick(x, y),
        hover: (x, y) => this.pointer.hover(x, y),
        leave: () => this.pointer.leave(),
      },
      orbitOf(this.frame, options.home),
    )
    this.live = this.makeLive()
    this.tools = new Tools(
      {
        engine: () => this.engine,
        model: this.model,
        frame: this.frame,
        target: () => this.controls.orbit,
        redraw: () => this.redraw(),
      },
      options.tilesets,
    )
    showing.tools = this.tools
    this.tools.renew()
    this.observer = new ResizeObserver(() => this.moved(this.controls.orbit))
    this.observer.observe(options.element)
    this.controls.set(this.controls.orbit)
  }

  private makePointer(): Pointer {
    const { element, uiScale = 1 } = this.options
    return new Pointer({
      element,
      uiScale,
      frame: this.frame,
      model: this.model,
      labels: this.labels,
      engine: () => this.engine,
      orbit: () => this.controls.orbit,
      visible: () => this.showing.visible,
      rasters: this.feeds,
      moverAt: (x, y) => this.live.hit(this.picture(), x, y),
      crowdAt: (x, y) => this.live.crowdAt(x, y),
      picked: (info) => this.events.emit('pick', info),
      hovered: (ref) => {
        if (!this.showing.hover(ref, this.engine)) return
        this.engine.draw()
        this.events.emit('hover', ref)
      },
      measured: (result) => this.events.emit('measure', result),
      flyTo: (orbit) => this.controls.flyTo(orbit),
    })
  }

  private makeLive(): SceneLive {
    const { element, uiScale = 1 } = this.options
    const { showing } = this
    return new SceneLive(
      {
        element,
        uiScale,
        frame: this.frame,
        floors: showing.floors,
        engine: () => this.engine,
        visible: (layer) => showing.visible.has(layer),
        spot: (ref) => this.spot(ref),
        shows: (ref) => showing.holds(ref),
        reach: (ref) => this.engine.pins.byKey.get(keyOf(ref))?.far ?? Infinity,
        onFloor: (at, floor) => showing.floors.holds(at, floor),
        selected: () => showing.selected,
        draw: () => this.engine.draw(),
        calm: () => (this.engine.software ? 5000 : 0),
        dim: (zone) => {
          showing.lit = zone === undefined ? undefined : this.model.within('zone', zone)
          this.zones.paint()
        },
        lookAt: (at) => this.controls.carry(...at),
        redraw: () => this.redraw(),
      },
      (ref) => this.events.emit('follow', ref),
    )
  }

  private picture(): LivePicture {
    return pictureOf(this.controls.orbit, this.engine.lens())
  }

  /** Where the sign of a thing stands. */
  private spot(ref: FeatureRef): Vec3 | undefined {
    const mover = this.live.motions.get(ref)
    if (mover) return this.live.motions.stand(mover)
    const placed = this.model.get(ref)
    return placed && this.showing.spot(placed)
  }

  private makeEngine(): Engine {
    const { element, assets, uiScale = 1, fine = false } = this.options
    return new Engine({
      element,
      frame: this.frame,
      assets,
      uiScale,
      fine,
      onPreRender: () => undefined,
      onPostRender: () => this.rendered(),
      onTiles: (pending) => this.events.emit('tiles', this.complete, pending),
      onLost: () => this.recover(),
      onTilesetError: (error) => {
        console.warn('tileset', error)
        this.events.emit('tiles', false, 0)
      },
    })
  }

  /** The driver took the context away (or drawing failed): build a new one from what the model knows. */
  private recover(): void {
    if (this.recoveries >= MAX_RECOVERIES) {
      this.events.emit('unavailable', 'context')
      return
    }
    this.recoveries += 1
    this.ready = false
    this.tilesLoaded = false
    this.events.emit('lost')
    this.engine.destroy()
    setTimeout(() => {
      try {
        this.engine = this.makeEngine()
      } catch (error) {
        this.events.emit('unavailable', error instanceof Error ? error.message : String(error))
        return
      }
      for (const layer of PIN_LAYERS) this.engine.pins.setLayer(layer, this.model.layer(layer))
      this.engine.drape.setObjects(this.feeds.object)
      this.tools.renew()
      this.zones.renew()
      this.redraw()
      this.moved(this.controls.orbit)
    }, 100)
  }

  // ---- data

  setLayer(layer: string, features: readonly SceneFeature[]): void {
    const reshaped = this.model.set(layer, features)
    this.labels.setLayer(layer, this.model.layer(layer))
    if (layer === 'zone') this.zones.paint()
    this.layerChanged(layer, reshaped)
  }

  changeLayer(layer: string, set: ReadonlyMap<string, SceneFeature>, gone: ReadonlySet<string>): void {
    if (layer === 'zone') this.zones.change(set, gone)
    else this.reshaped(layer, this.model.change(layer, set, gone))
  }

  private reshaped(layer: string, ids: readonly string[]): void {
    this.labels.changeLayer(layer, this.model.layer(layer), ids)
    this.layerChanged(layer, ids)
  }

  private layerChanged(layer: string, reshaped: readonly string[]): void {
    if (reshaped.length > 0) this.feeds.renew(layer)
    this.showing.floors.renew()
    if ((PIN_LAYERS as readonly string[]).includes(layer)) this.engine.pins.setLayer(layer, this.model.layer(layer))
    if (layer === 'zone') this.live.overlay.renew()
    else this.redraw()
    this.engine.draw()
  }

  /** The server has said, or could not, which area stands where. */
  private cut(kind: RasterKind, fresh: boolean): void {
    if (fresh && kind === 'zone') this.zones.renew()
    if (fresh && kind === 'object') this.engine.drape.setObjects(this.feeds.object)
    this.showing.light(this.engine)
    this.pointer.again()
    this.engine.draw()
  }

  /** All that the picture is made of is there. */
  private get complete(): boolean {
    return this.engine.tilesLoaded && this.feeds.settled
  }

  // ---- what is shown

  setVisible(layers: ReadonlySet<string>): void {
    this.showing.visible = layers
    this.zones.paint()
    this.redraw()
  }

  select(ref: FeatureRef | undefined): void {
    this.showing.selected = ref
    this.zones.paint()
    this.redraw()
  }

  setFloor(floorId: string | undefined): void {
    this.showing.floors.set(floorId)
    this.redraw()
  }

  refreshTexts(): void {
    this.labels.refreshTexts()
    this.engine.draw()
  }

  private redraw(): void {
    this.showing.redraw(this.engine)
    this.live.renew()
  }

  // ---- camera

  flyTo(target: FeatureRef | CameraView, options: { instant?: boolean } = {}): void {
    const orbit = 'layer' in target ? this.orbitTo(target) : orbitOf(this.frame, target)
    if (!orbit) return
    this.live.follow(undefined)
    if (options.instant) this.controls.set(orbit)
    else this.controls.flyTo(orbit)
  }

  private orbitTo(ref: FeatureRef): Orbit | undefined {
    const mover = this.live.motions.get(ref)
    if (mover) return orbitBeside(this.live.motions.stand(mover), this.controls.orbit)
    const placed = this.model.get(ref)
    return placed && orbitAround(placed, this.controls.orbit)
  }

  zoom(factor: number): void {
    this.controls.zoom(factor)
  }

  northUp(): void {
    this.controls.flyTo({ ...this.controls.orbit, heading: 0 })
  }

  camera(): CameraView {
    return viewOf(this.frame, this.controls.orbit)
  }

  private moved(orbit: Orbit): void {
    this.engine.look(orbit)
    this.events.emit('camera', this.camera(), this.measures())
  }

  private measures(): { heading: number; pixelsPerMetre: number } {
    const orbit = this.controls.orbit
    const lens = this.engine.lens()
    return {
      heading: degrees(orbit.heading),
      pixelsPerMetre: lens.height / (2 * Math.tan(lens.fovy / 2) * orbit.range),
    }
  }

  private rendered(): void {
    const { showing } = this
    this.labels.update(
      this.controls.orbit,
      this.engine.lens(),
      (p) => showing.shows(p),
      showing.selectedKey,
      (p) => showing.lift(p),
    )
    this.live.update(this.picture(), this.labels.taken)
    const drawn = this.zones.drawn()
    if (drawn.length > 0) this.events.emit('recolour', drawn)
    if (!this.ready) {
      this.ready = true
      this.events.emit('ready')
    }
    if (this.complete !== this.tilesLoaded) {
      this.tilesLoaded = this.complete
      this.events.emit('tiles', this.tilesLoaded, this.engine.pending)
      if (this.tilesLoaded) this.pointer.again()
    }
    this.events.emit('frame')
  }

  measure(mode: MeasureMode | undefined): void {
    this.pointer.measure(mode)
  }

  // ---- read-back

  screenOf(ref: FeatureRef): { x: number; y: number } | undefined {
    const at = this.spot(ref)
    return at && projector(this.controls.orbit, this.engine.lens())(at)
  }

  zoneColour(id: string): string | undefined {
    return this.engine.drape.colour(id)
  }

  stats(): SceneStats {
    return {
      ready: this.ready,
      tilesLoaded: this.complete,
      tileset: this.engine.tilesets.length > 0,
      recoveries: this.recoveries,
      ...this.measures(),
    }
  }

  /** For tests of the recovery: takes the WebGL context away as a driver reset would. */
  loseContext(): void {
    this.engine.canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext()
  }

  destroy(): void {
    this.zones.end()
    this.feeds.stop()
    this.live.destroy()
    this.observer.disconnect()
    this.controls.destroy()
    this.labels.destroy()
    this.engine.destroy()
  }
}
