import {
  Emitter,
  FlatLive,
  Measure,
  PlantModel,
  riskOf,
  SiteFrame,
  thingAt,
  type CameraView,
  type FeatureRef,
  type LivePicture,
  type MeasureMode,
  type Placed,
  type PlantView,
  type SceneFeature,
  type SceneStats,
} from '@twin/scene'
import { RISK } from '@twin/ui'
import type { MapOptions } from './options'
import { PlanPainter } from './paint'

/**
 * The plant drawn by the 2D canvas alone, for computers without any WebGL: the same things and commands, from above. North is up.
 */
export class PlantPlan implements PlantView {
  readonly kind = '2d' as const
  readonly events = new Emitter()
  readonly live: FlatLive
  readonly tools = undefined
  private readonly canvas = document.createElement('canvas')
  private readonly frame: SiteFrame
  private readonly model: PlantModel
  private readonly painter: PlanPainter
  private visible: ReadonlySet<string> = new Set(['zone'])
  private selected: FeatureRef | undefined
  private measuring: Measure | undefined
  /** middle of the picture in local metres, and CSS px per metre */
  private at = { x: 0, y: 0, scale: 1 }
  private press: { x: number; y: number; moved: boolean } | undefined
  private queued = false
  private ready = false
  private unsaid: string[] = []
  private readonly observer: ResizeObserver

  constructor(private readonly options: MapOptions) {
    const { element, site, home } = options
    this.frame = new SiteFrame(...site.center)
    this.model = new PlantModel(this.frame)
    this.painter = new PlanPainter(this.canvas, element, this.model, options.texts)
    this.canvas.style.cssText = 'position:absolute;inset:0;width:100%;height:100%'
    element.append(this.canvas)
    this.live = this.makeLive()
    const [w, s, e, n] = site.bounds
    const [a, b] = [this.frame.toLocal(w, s, this.frame.height), this.frame.toLocal(e, n, this.frame.height)]
    const fit = Math.min(element.clientWidth / ((b[0] - a[0]) * 1.6), element.clientHeight / ((b[1] - a[1]) * 1.35))
    this.at = { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, scale: fit }
    if (location.hash.includes('view=')) this.flyTo(home)
    this.listen()
    this.observer = new ResizeObserver(() => this.draw())
    this.observer.observe(element)
    this.draw()
  }

  private makeLive(): FlatLive {
    return new FlatLive(
      {
        element: this.options.element,
        frame: this.frame,
        uiScale: parseFloat(getComputedStyle(document.documentElement).fontSize) / 24,
        visible: (layer) => this.visible.has(layer),
        spot: (ref) => this.model.get(ref)?.at,
        shows: (ref) => this.visible.has(ref.layer),
        onFloor: () => true,
        selected: () => this.selected,
        draw: () => this.draw(),
        zoneRings: (id) => this.model.layer('zone').get(id)?.rings ?? [],
        lookAt: ([x, y]) => this.put(x, y, this.at.scale),
      },
      (ref) => this.events.emit('follow', ref),
    )
  }

  private picture(): LivePicture {
    const { clientWidth: width, clientHeight: height } = this.options.element
    const distance = height / (1.15 * this.at.scale) // as high as one would stand to see this much
    return {
      width,
      height,
      distance: () => distance,
      stamp: [this.at.x, this.at.y, this.at.scale, width, height].join(),
      project: ([x, y]) => {
        const [px, py] = this.toPixel(x, y)
        return { x: px, y: py, depth: distance }
      },
    }
  }

  private listen(): void {
    const c = this.canvas
    c.addEventListener('pointerdown', (e) => {
      c.setPointerCapture(e.pointerId)
      this.press = { x: e.offsetX, y: e.offsetY, moved: false }
    })
    c.addEventListener('pointermove', (e) => {
      const p = this.press
      if (!p) return
      const [dx, dy] = [e.offsetX - p.x, e.offsetY - p.y]
      if (!p.moved && Math.hypot(dx, dy) < 5) return
      this.press = { x: e.offsetX, y: e.offsetY, moved: true }
      this.live.follow(undefined)
      this.put(this.at.x - dx / this.at.scale, this.at.y + dy / this.at.scale, this.at.scale)
    })
    c.addEventListener('pointerup', (e) => {
      if (this.press && !this.press.moved) this.click(e.offsetX, e.offsetY)
      this.press = undefined
    })
    c.addEventListener('dblclick', () => {
      this.measuring?.finish()
      this.showMeasure()
    })
    c.addEventListener('wheel', (e) => {
      e.preventDefault()
      const [x, y] = this.toLocal(e.offsetX, e.offsetY)
      const f = Math.exp(-Math.max(-240, Math.min(240, e.deltaY)) * 0.0016)
      this.put(x + (this.at.x - x) / f, y + (this.at.y - y) / f, this.at.scale * f)
    })
  }

  private put(x: number, y: number, scale: number): void {
    this.at = { x, y, scale: Math.max(0.05, Math.min(60, scale)) }
    this.events.emit('camera', this.camera(), { heading: 0, pixelsPerMetre: this.at.scale })
    this.draw()
  }

  private toPixel(x: number, y: number): [number, number] {
    const { clientWidth: w, clientHeight: h } = this.options.element
    return [w / 2 + (x - this.at.x) * this.at.scale, h / 2 - (y - this.at.y) * this.at.scale]
  }

  private toLocal(px: number, py: number): [number, number] {
    const { clientWidth: w, clientHeight: h } = this.options.element
    return [this.at.x + (px - w / 2) / this.at.scale, this.at.y - (py - h / 2) / this.at.scale]
  }

  // ---- commands

  setLayer(layer: string, features: readonly SceneFeature[]): void {
    this.model.set(layer, features)
    this.live.renew()
    this.draw()
  }

  changeLayer(layer: string, set: ReadonlyMap<string, SceneFeature>, gone: ReadonlySet<string>): void {
    if (layer === 'zone')
      for (const [id, feature] of set) {
        const before = this.model.layer('zone').get(id)
        if (before && riskOf(before.feature) !== riskOf(feature)) this.unsaid.push(id)
      }
    this.model.change(layer, set, gone)
    this.live.renew()
    this.draw()
  }

  setVisible(layers: ReadonlySet<string>): void {
    this.visible = layers
    this.live.renew()
    this.draw()
  }

  select(ref: FeatureRef | undefined): void {
    this.selected = ref
    this.draw()
  }

  setFloor(): void {
    // seen from above there are no floors to open; the switch is greyed
  }

  refreshTexts(): void {
    this.draw()
  }

  flyTo(target: FeatureRef | CameraView): void {
    this.live.follow(undefined)
    if ('layer' in target) {
      const mover = this.live.motions.get(target)
      if (mover) this.put(mover.at[0], mover.at[1], Math.max(8, this.at.scale))
      const placed = this.model.get(target)
      if (!placed) return
      const extent = Math.hypot(placed.box.maxX - placed.box.minX, placed.box.maxY - placed.box.minY)
      const { clientWidth: w, clientHeight: h } = this.options.element
      this.put(placed.at[0], placed.at[1], Math.min(w, h) / Math.max(60, extent * 1.8))
      return
    }
    const above = Math.max(20, target.height - this.frame.height)
    const reach = above / Math.tan((Math.max(10, -target.pitch) * Math.PI) / 180)
    const turn = (target.heading * Math.PI) / 180
    const [x, y] = this.frame.toLocal(target.lon, target.lat, this.frame.height)
    this.put(x + Math.sin(turn) * reach, y + Math.cos(turn) * reach, this.options.element.clientHeight / (1.15 * above))
  }

  zoom(factor: number): void {
    this.put(this.at.x, this.at.y, this.at.scale / factor)
  }

  northUp(): void {
    // it always is
  }

  camera(): CameraView {
    const height = this.options.element.clientHeight / (1.15 * this.at.scale)
    const [lon, lat, h] = this.frame.toLonLat([this.at.x, this.at.y, height])
    return { lon, lat, height: h, heading: 0, pitch: -89 }
  }

  measure(mode: MeasureMode | undefined): void {
    this.measuring = mode && new Measure(mode)
    this.canvas.style.cursor = mode ? 'crosshair' : ''
    this.showMeasure()
  }

  private showMeasure(): void {
    this.events.emit('measure', this.measuring?.result())
    this.draw()
  }

  private click(px: number, py: number): void {
    const [x, y] = this.toLocal(px, py)
    if (this.measuring) {
      this.measuring.add([x, y, 0])
      this.showMeasure()
      return
    }
    const crowd = this.live.crowdAt(px, py)
    if (crowd) {
      this.put(crowd[0], crowd[1], this.at.scale * 2)
      return
    }
    const near = (placed: Placed): number => Math.hypot(placed.at[0] - x, placed.at[1] - y) * this.at.scale
    const [first] = [...this.painter.signs].sort((a, b) => near(a) - near(b))
    const hit =
      first && near(first) < 14
        ? first
        : (thingAt(this.model, this.visible, [x, y, 2]) ?? thingAt(this.model, this.visible, [x, y, 0]))
    const ref = this.live.hit(this.picture(), px, py) ?? hit?.ref
    this.events.emit('pick', { ref, position: this.frame.toLonLat([x, y, 0]), screen: { x: px, y: py } })
  }

  screenOf(ref: FeatureRef): { x: number; y: number } | undefined {
    const at = this.live.motions.get(ref)?.at ?? this.model.get(ref)?.at
    if (!at) return undefined
    const [x, y] = this.toPixel(at[0], at[1])
    return { x, y }
  }

  zoneColour(id: string): string | undefined {
    const zone = this.model.layer('zone').get(id)
    return zone && RISK[riskOf(zone.feature)].colour
  }

  stats(): SceneStats {
    return {
      ready: this.ready,
      tilesLoaded: true,
      tileset: false,
      recoveries: 0,
      heading: 0,
      pixelsPerMetre: this.at.scale,
    }
  }

  destroy(): void {
    this.observer.disconnect()
    this.live.destroy()
    this.canvas.remove()
  }

  // ---- drawing

  private draw(): void {
    if (this.queued) return
    this.queued = true
    requestAnimationFrame(() => {
      this.queued = false
      this.painter.paint({
        at: this.at,
        toPixel: (x, y) => this.toPixel(x, y),
        visible: this.visible,
        selected: this.model.get(this.selected),
        measuring: this.measuring,
      })
      this.live.update(this.picture(), this.painter.names)
      if (!this.ready) {
        this.ready = true
        this.events.emit('ready')
      }
      if (this.unsaid.length > 0) this.events.emit('recolour', this.unsaid.splice(0))
      this.events.emit('frame')
    })
  }
}
