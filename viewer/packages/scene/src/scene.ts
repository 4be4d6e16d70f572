import { Controls } from './controls'
import { Engine } from './engine'
import { Emitter } from './events'
import { SiteFrame, type Vec3 } from './frame'
import { Labels } from './labels'
import { Measure } from './measure'
import { PlantModel, type Placed } from './model'
import { eye, orbitFrom, project, type Orbit } from './orbit'
import { drawFences, drawFloor, drawMeasure, drawRoads, drawSelection, drawStems } from './overlays'
import { inside, orientedBox } from './polygon'
import { pointAt, pinUnder, thingAt } from './picking'
import { pinAt } from './pins'
import { PIN_LAYERS } from './style'
import type { CameraView, FeatureRef, MeasureMode, PlantView, SceneFeature, SceneStats, SceneTexts } from './types'
import { ZonePainter } from './zones'

export interface SceneOptions {
  element: HTMLElement
  /** longitude, latitude in degrees, ellipsoidal height of the ground in metres */
  center: [number, number, number]
  tilesets: string[]
  /** where Cesium's own workers and data lie */
  assets: string
  home: CameraView
  texts: SceneTexts
  /** 1 on a 1920x1080 wall */
  uiScale?: number
  /** fine tiles even without a graphics processor */
  fine?: boolean
}

const RAD = Math.PI / 180
const MAX_RECOVERIES = 5

export class PlantScene implements PlantView {
  readonly kind = '3d' as const
  readonly events = new Emitter()
  readonly frame: SiteFrame
  private readonly model: PlantModel
  private readonly labels: Labels
  private readonly controls: Controls
  private readonly zones: ZonePainter
  private engine: Engine
  private visible: ReadonlySet<string> = new Set(['zone'])
  private selected: FeatureRef | undefined
  private floor: Placed | undefined
  private measuring: Measure | undefined
  private ready = false
  private tilesLoaded = false
  private recoveries = 0
  private hoverAt: { x: number; y: number } | undefined
  private readonly observer: ResizeObserver

  constructor(private readonly options: SceneOptions) {
    this.frame = new SiteFrame(...options.center)
    this.model = new PlantModel(this.frame)
    this.labels = new Labels(options.element, (placed) => options.texts.name(placed.feature))
    options.element.tabIndex = 0
    this.engine = this.makeEngine()
    this.zones = new ZonePainter(this.model, {
      drape: () => this.engine.drape,
      visible: () => this.visible.has('zone'),
      selected: () => (this.selected?.layer === 'zone' ? this.selected.id : undefined),
      draw: () => this.engine.draw(),
      touch: () => this.engine.touch(),
    })
    this.controls = new Controls(
      options.element,
      {
        lens: () => this.engine.lens(),
        moved: (orbit) => this.moved(orbit),
        click: (x, y) => this.click(x, y),
        doubleClick: (x, y) => this.doubleClick(x, y),
        hover: (x, y) => this.hover(x, y),
      },
      this.orbitOf(options.home),
    )
    this.observer = new ResizeObserver(() => this.moved(this.controls.orbit))
    this.observer.observe(options.element)
    this.controls.set(this.controls.orbit)
  }

  private makeEngine(): Engine {
    const { element, tilesets, assets, uiScale = 1, fine = false } = this.options
    return new Engine({
      element,
      frame: this.frame,
      tilesets,
      assets,
      uiScale,
      fine,
      onPreRender: () => undefined,
      onPostRender: () => this.rendered(),
      onTiles: (pending) => {
        this.events.emit('tiles', this.engine.tilesLoaded, pending)
      },
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
      for (const layer of PIN_LAYERS) this.engine.pins.setLayer(layer, this.model.layer(layer).values())
      this.zones.renew()
      this.redraw()
      this.moved(this.controls.orbit)
    }, 100)
  }

  // ---- data

  setLayer(layer: string, features: readonly SceneFeature[]): void {
    this.model.set(layer, features)
    this.layerChanged(layer)
  }

  changeLayer(layer: string, set: ReadonlyMap<string, SceneFeature>, gone: ReadonlySet<string>): void {
    const recoloured = layer === 'zone' ? this.zones.noticeChanges(set) : []
    this.model.change(layer, set, gone)
    this.layerChanged(layer, recoloured)
  }

  private layerChanged(layer: string, ids?: string[]): void {
    const placed = this.model.layer(layer)
    this.labels.setLayer(layer, placed.values())
    if (layer === 'zone') {
      this.zones.changed(ids)
    } else if ((PIN_LAYERS as readonly string[]).includes(layer)) {
      this.engine.pins.setLayer(layer, placed.values())
    }
    if (this.floor) this.floor = this.model.get(this.floor.ref)
    if (layer !== 'zone') this.redraw()
    this.engine.draw()
  }

  // ---- what is shown

  setVisible(layers: ReadonlySet<string>): void {
    this.visible = layers
    this.zones.paint()
    this.redraw()
  }

  select(ref: FeatureRef | undefined): void {
    this.selected = ref
    this.zones.paint()
    this.redraw()
  }

  setFloor(floorId: string | undefined): void {
    this.floor = floorId === undefined ? undefined : this.model.layer('floor').get(floorId)
    this.redraw()
  }

  refreshTexts(): void {
    this.labels.refreshTexts()
    this.engine.draw()
  }

  private key(ref: FeatureRef | undefined): string | undefined {
    return ref && `${ref.layer}:${ref.id}`
  }

  private redraw(): void {
    const { engine, frame, model } = this
    engine.pins.update((placed) => this.shows(placed), this.key(this.selected))
    drawStems(engine, frame, model, (placed) => this.shows(placed))
    drawFences(engine, frame, model, this.visible.has('geofence'))
    drawRoads(engine, frame, model, this.visible.has('road'))
    drawSelection(engine, frame, model.get(this.selected))
    drawFloor(engine, frame, this.floor)
    const building = this.floor && this.buildingOf(this.floor)
    const ring = (building ?? this.floor)?.rings[0]
    engine.drape.setCut(ring && orientedBox(ring), this.floor ? this.floor.zMax - 0.4 : 0)
    engine.draw()
  }

  private buildingOf(floor: Placed): Placed | undefined {
    const code = floor.feature.properties['building_code']
    return [...this.model.layer('building').values()].find((b) => b.feature.properties.code === code)
  }

  /** With a floor open, points of other floors of its building are left out and its own are shown whatever the layer tree says. */
  private shows(placed: Placed): boolean {
    const floor = this.floor
    if (floor && placed.feature.geometry.type === 'Point') {
      const [x, y, z] = placed.at
      if (inside(floor.rings, x, y)) {
        const code = placed.feature.properties['floor_code']
        return typeof code === 'string'
          ? code === floor.feature.properties.code
          : z >= floor.zMin - 0.3 && z < floor.zMax
      }
    }
    if (floor && placed.ref === this.buildingOf(floor)?.ref) return false
    return this.visible.has(placed.ref.layer)
  }

  // ---- camera

  private orbitOf(view: CameraView): Orbit {
    return orbitFrom(this.frame.toLocal(view.lon, view.lat, view.height), view.heading * RAD, view.pitch * RAD)
  }

  flyTo(target: FeatureRef | CameraView, options: { instant?: boolean } = {}): void {
    const orbit = 'layer' in target ? this.orbitAround(target) : this.orbitOf(target)
    if (!orbit) return
    if (options.instant) this.controls.set(orbit)
    else this.controls.flyTo(orbit)
  }

  private orbitAround(ref: FeatureRef): Orbit | undefined {
    const placed = this.model.get(ref)
    if (!placed) return undefined
    const { heading, pitch } = this.controls.orbit
    const down = Math.min(-25 * RAD, Math.max(-55 * RAD, pitch))
    const [x, y, z] = placed.feature.geometry.type === 'Point' ? pinAt(placed) : placed.at
    const extent = Math.hypot(placed.box.maxX - placed.box.minX, placed.box.maxY - placed.box.minY)
    const range = ref.layer === 'floor' ? Math.max(55, extent * 1.5) : extent === 0 ? 70 : Math.max(70, extent * 1.7)
    const height = extent === 0 ? z : Math.min(placed.zMax, 12) / 2
    return { x, y, z: Math.max(0, height), heading, pitch: ref.layer === 'floor' ? -52 * RAD : down, range }
  }

  zoom(factor: number): void {
    this.controls.zoom(factor)
  }

  northUp(): void {
    this.controls.flyTo({ ...this.controls.orbit, heading: 0 })
  }

  camera(): CameraView {
    const orbit = this.controls.orbit
    const [lon, lat, height] = this.frame.toLonLat(eye(orbit))
    return { lon, lat, height, heading: (((orbit.heading / RAD) % 360) + 360) % 360, pitch: orbit.pitch / RAD }
  }

  private moved(orbit: Orbit): void {
    this.engine.look(orbit)
    this.events.emit('camera', this.camera(), this.measures())
  }

  private measures(): { heading: number; pixelsPerMetre: number } {
    const orbit = this.controls.orbit
    const lens = this.engine.lens()
    return {
      heading: (((orbit.heading / RAD) % 360) + 360) % 360,
      pixelsPerMetre: lens.height / (2 * Math.tan(lens.fovy / 2) * orbit.range),
    }
  }

  private rendered(): void {
    this.labels.update(this.controls.orbit, this.engine.lens(), (p) => this.shows(p), this.key(this.selected))
    const drawn = this.zones.drawn()
    if (drawn.length > 0) this.events.emit('recolour', drawn)
    if (!this.ready) {
      this.ready = true
      this.events.emit('ready')
    }
    if (this.engine.tilesLoaded !== this.tilesLoaded) {
      this.tilesLoaded = this.engine.tilesLoaded
      this.events.emit('tiles', this.tilesLoaded, this.engine.pending)
    }
    this.events.emit('frame')
  }

  // ---- pointer

  private click(x: number, y: number): void {
    if (this.measuring) {
      this.addMeasurePoint(x, y)
      return
    }
    const position = this.pointAt(x, y)
    const placed =
      this.labels.hit(x, y) ?? this.pinHit(x, y) ?? (position && thingAt(this.model, this.visible, position))
    const lonlat = position && this.frame.toLonLat(position)
    this.events.emit('pick', { ref: placed?.ref, position: lonlat, screen: { x, y } })
  }

  private doubleClick(x: number, y: number): void {
    if (this.measuring) {
      this.measuring.finish()
      this.showMeasure()
      return
    }
    const p = this.pointAt(x, y)
    if (p)
      this.controls.flyTo({
        ...this.controls.orbit,
        x: p[0],
        y: p[1],
        z: Math.max(0, p[2]),
        range: this.controls.orbit.range * 0.5,
      })
  }

  private hover(x: number, y: number): void {
    const known = this.hoverAt
    this.hoverAt = { x, y }
    if (known) return
    requestAnimationFrame(() => {
      const at = this.hoverAt
      this.hoverAt = undefined
      if (!at) return
      const over = this.measuring ? undefined : (this.labels.hit(at.x, at.y) ?? this.pinHit(at.x, at.y))
      this.options.element.style.cursor = this.measuring ? 'crosshair' : over ? 'pointer' : ''
    })
  }

  private pointAt(x: number, y: number): Vec3 | undefined {
    return pointAt(this.engine, this.controls.orbit, x, y)
  }

  private pinHit(x: number, y: number): Placed | undefined {
    return pinUnder(this.engine, this.controls.orbit, x, y, 15 * (this.options.uiScale ?? 1))
  }

  // ---- measuring

  measure(mode: MeasureMode | undefined): void {
    this.measuring = mode && new Measure(mode)
    this.options.element.style.cursor = mode ? 'crosshair' : ''
    this.showMeasure()
  }

  private addMeasurePoint(x: number, y: number): void {
    const p = this.pointAt(x, y)
    if (!p || !this.measuring) return
    this.measuring.add(p)
    this.showMeasure()
  }

  private showMeasure(): void {
    drawMeasure(this.engine, this.frame, this.measuring)
    this.events.emit('measure', this.measuring?.result())
  }

  // ---- read-back

  screenOf(ref: FeatureRef): { x: number; y: number } | undefined {
    const placed = this.model.get(ref)
    if (!placed) return undefined
    const at = placed.feature.geometry.type === 'Point' ? pinAt(placed) : placed.at
    return project(this.controls.orbit, this.engine.lens(), at)
  }

  zoneColour(id: string): string | undefined {
    return this.engine.drape.colour(id)
  }

  stats(): SceneStats {
    return {
      ready: this.ready,
      tilesLoaded: this.engine.tilesLoaded,
      tileset: this.engine.tilesets.length > 0,
      recoveries: this.recoveries,
      ...this.measures(),
    }
  }

  /** For tests of the recovery: takes the WebGL context away as a driver reset would. */
  loseContext(): void {
    const gl = this.engine.canvas.getContext('webgl2')
    gl?.getExtension('WEBGL_lose_context')?.loseContext()
  }

  destroy(): void {
    this.zones.stop()
    this.observer.disconnect()
    this.controls.destroy()
    this.labels.destroy()
    this.engine.destroy()
  }
}
