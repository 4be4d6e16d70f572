import 'maplibre-gl/dist/maplibre-gl.css'
import {
  Emitter,
  FlatLive,
  measured,
  riskOf,
  SiteFrame,
  type CameraView,
  type FeatureRef,
  type LivePicture,
  type MeasureMode,
  type PlantView,
  type SceneFeature,
  type SceneStats,
} from '@twin/scene'
import { RISK } from '@twin/ui'
import { Map as MapLibre, setWorkerUrl, type GeoJSONSource, type MapMouseEvent } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import { localRings, MapLabels } from './labels'
import type { MapOptions } from './options'
import { flatPicture } from './picture'
import { addSigns, mapStyle, TILE_LAYERS } from './style'
import { MapZones } from './zones'

setWorkerUrl(workerUrl)

const collection = (features: object[]) => ({ type: 'FeatureCollection', features })

/** The plant as a map, from the server's vector tiles, for those who prefer it. Needs WebGL 2; see PlantPlan for computers without. */
export class PlantMap implements PlantView {
  readonly kind = '2d' as const
  readonly events = new Emitter()
  private readonly map: MapLibre
  private readonly frame: SiteFrame
  private readonly layers = new Map<string, Map<string, SceneFeature>>()
  private readonly labels: MapLabels
  readonly live: FlatLive
  readonly tools = undefined
  private visible: ReadonlySet<string> = new Set(['zone'])
  private selected: FeatureRef | undefined
  private mode: MeasureMode | undefined
  private points: [number, number][] = []
  private done = false
  private loaded = false
  private readonly zones: MapZones

  constructor(private readonly options: MapOptions) {
    const { element, site } = options
    this.frame = new SiteFrame(...site.center)
    const holder = document.createElement('div')
    holder.style.cssText = 'position:absolute;inset:0'
    element.append(holder)
    this.map = new MapLibre({
      container: holder,
      style: mapStyle(location.origin),
      attributionControl: false,
      maxZoom: 21,
      minZoom: 12,
      pitchWithRotate: false,
      dragRotate: true,
      fadeDuration: 0,
      doubleClickZoom: false,
    })
    this.map.touchPitch.disable()
    this.zones = new MapZones(this.map)
    this.live = this.makeLive()
    this.labels = new MapLabels(element, this.map, this.frame, options.texts)
    if (location.hash.includes('view=')) this.flyTo(options.home, { instant: true })
    else this.home()
    // the zones do not wait for the tiles of what never changes
    this.map.on('style.load', () => {
      addSigns(this.map)
      this.loaded = true
      this.zones.set(this.layers.get('zone') ?? new Map())
      this.setVisible(this.visible)
      this.select(this.selected)
    })
    this.map.on('load', () => this.events.emit('ready'))
    this.map.on('render', () => this.rendered())
    this.map.on('move', () => this.moved())
    this.map.on('click', (e) => this.click(e))
    this.map.on('dragstart', () => this.live.follow(undefined))
    this.map.on('dblclick', () => this.finish())
    this.map.on('error', (e) => console.warn('map', e.error))
    this.map.on('webglcontextlost', () => this.events.emit('lost'))
    this.map.on('webglcontextrestored', () => this.events.emit('ready'))
  }

  private home(): void {
    const [w, s, e, n] = this.options.site.bounds
    // beside the panels, where there is room for anything beside them
    const side = this.options.element.clientWidth > 1000 ? 380 : 16
    this.map.fitBounds([w, s, e, n], { padding: { top: 90, bottom: 110, left: side, right: side }, animate: false })
  }

  // ---- data

  setLayer(layer: string, features: readonly SceneFeature[]): void {
    const known = this.layers.has(layer)
    const map = new Map(features.map((f) => [f.id, f]))
    this.layers.set(layer, map)
    if (layer === 'zone') this.zones.set(map)
    this.changed(layer, [], known)
  }

  changeLayer(layer: string, set: ReadonlyMap<string, SceneFeature>, gone: ReadonlySet<string>): void {
    const map = new Map(this.layers.get(layer))
    for (const id of gone) map.delete(id)
    for (const [id, feature] of set) map.set(id, feature)
    this.layers.set(layer, map)
    if (layer === 'zone') this.zones.change(map, set, gone)
    this.changed(layer, [...set.keys()])
  }

  /** `anew`: the tiles were cut when it was otherwise. */
  private changed(layer: string, ids: string[], anew = true): void {
    this.labels.forget(layer, ids.length > 0 ? ids : (this.layers.get(layer)?.keys() ?? []))
    this.live.renew()
    if (layer !== 'zone' && this.loaded && anew) this.refreshTiles()
    this.drawLabels()
  }

  private refreshTimer: ReturnType<typeof setTimeout> | undefined

  /** Tiles change when their data does; a short wait gathers a burst of edits. */
  private refreshTiles(): void {
    clearTimeout(this.refreshTimer)
    this.refreshTimer = setTimeout(() => this.map.refreshTiles?.('plant'), 500)
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.loaded ? (this.map.getSource(name) as GeoJSONSource | undefined) : undefined
  }

  private get(ref: FeatureRef | undefined): SceneFeature | undefined {
    return ref && this.layers.get(ref.layer)?.get(ref.id)
  }

  // ---- what is shown

  setVisible(layers: ReadonlySet<string>): void {
    this.visible = layers
    this.live.renew()
    if (!this.loaded) return
    for (const key of ['zone', ...TILE_LAYERS])
      for (const part of ['fill', 'line', 'point'])
        if (key !== 'site' && this.map.getLayer(`${key}:${part}`))
          this.map.setLayoutProperty(`${key}:${part}`, 'visibility', layers.has(key) ? 'visible' : 'none')
    this.drawLabels()
  }

  select(ref: FeatureRef | undefined): void {
    this.selected = ref
    const feature = this.get(ref)
    this.source('chosen')?.setData(
      collection(feature ? [{ type: 'Feature', geometry: feature.geometry, properties: {} }] : []) as never,
    )
    this.drawLabels()
  }

  setFloor(): void {
    // a map from above has no floors to open; the switch is greyed
  }

  refreshTexts(): void {
    this.drawLabels()
  }

  private drawLabels(): void {
    this.labels.draw(this.layers, this.visible)
  }

  private makeLive(): FlatLive {
    return new FlatLive(
      {
        element: this.options.element,
        frame: this.frame,
        uiScale: parseFloat(getComputedStyle(document.documentElement).fontSize) / 24,
        visible: (layer) => this.visible.has(layer),
        spot: (ref) => {
          const feature = this.get(ref)
          return feature && this.labels.spot(ref, feature)
        },
        shows: (ref) => this.visible.has(ref.layer),
        onFloor: () => true,
        selected: () => this.selected,
        draw: () => this.drawLive(),
        zoneRings: (id) => {
          const zone = this.layers.get('zone')?.get(id)
          return zone ? localRings(this.frame, zone) : []
        },
        lookAt: (at) => {
          const [lng, lat] = this.frame.toLonLat(at)
          this.map.jumpTo({ center: [lng, lat] })
        },
      },
      (ref) => this.events.emit('follow', ref),
    )
  }

  private asked = 0

  /** What moves is drawn on a canvas of its own: 300 people walking do not make the map below them be drawn 30 times a second. */
  private drawLive(): void {
    this.asked ||= requestAnimationFrame(() => this.drawn())
  }

  private drawn(): void {
    cancelAnimationFrame(this.asked)
    this.asked = 0
    this.live.update(this.picture(), this.labels.taken)
    this.events.emit('frame')
  }

  private picture(): LivePicture {
    return flatPicture(this.map, this.frame, this.options.element, this.stats().pixelsPerMetre)
  }

  // ---- camera

  flyTo(target: FeatureRef | CameraView, options: { instant?: boolean } = {}): void {
    const animate = !options.instant
    this.live.follow(undefined)
    if ('layer' in target) {
      const mover = this.live.motions.get(target)?.mover
      if (mover) this.map.flyTo({ center: [mover.lon, mover.lat], zoom: 19, duration: 1000, animate })
      const feature = this.get(target)
      if (!feature) return
      const zoom = feature.geometry.type === 'Point' ? 19 : 17.6
      this.map.flyTo({ center: this.labels.anchor(target, feature), zoom, duration: 1000, animate })
      return
    }
    const reach = (target.height - this.frame.height) / Math.tan((Math.max(10, -target.pitch) * Math.PI) / 180)
    const [e, n] = [
      Math.sin((target.heading * Math.PI) / 180) * reach,
      Math.cos((target.heading * Math.PI) / 180) * reach,
    ]
    const from = this.frame.toLocal(target.lon, target.lat, this.frame.height)
    const [lon, lat] = this.frame.toLonLat([from[0] + e, from[1] + n, 0])
    const height = Math.max(30, target.height - this.frame.height)
    const zoom = Math.max(14, Math.min(19, 25.2 - Math.log2(height)))
    this.map.flyTo({ center: [lon, lat], zoom, bearing: target.heading, duration: 1000, animate })
  }

  zoom(factor: number): void {
    this.map.zoomTo(this.map.getZoom() - Math.log2(factor))
  }

  northUp(): void {
    this.map.rotateTo(0)
  }

  camera(): CameraView {
    const { lng, lat } = this.map.getCenter()
    return {
      lon: lng,
      lat,
      height: this.frame.height + 2 ** (25.2 - this.map.getZoom()),
      heading: (this.map.getBearing() + 360) % 360,
      pitch: -89,
    }
  }

  private moved(): void {
    this.drawLabels()
    const { heading, pixelsPerMetre } = this.stats()
    this.events.emit('camera', this.camera(), { heading, pixelsPerMetre })
  }

  private rendered(): void {
    const drawn = this.zones.drawn()
    if (drawn.length > 0) this.events.emit('recolour', drawn)
    this.drawn()
  }

  // ---- pointer

  private click(e: MapMouseEvent): void {
    if (this.mode) {
      if (this.done) this.points = []
      this.done = false
      this.points.push([e.lngLat.lng, e.lngLat.lat])
      this.showMeasure()
      return
    }
    const { x, y } = e.point
    const crowd = this.live.crowdAt(x, y)
    if (crowd) {
      const [lng, lat] = this.frame.toLonLat(crowd)
      this.map.flyTo({ center: [lng, lat], zoom: this.map.getZoom() + 1.5, duration: 800 })
      return
    }
    const mover = this.live.hit(this.picture(), x, y)
    const hits = this.map.queryRenderedFeatures([
      [x - 6, y - 6],
      [x + 6, y + 6],
    ])
    const rank = (id: string) => (id.endsWith(':point') ? 0 : id.startsWith('zone') ? 2 : 1)
    const sorted = hits.filter((h) => h.layer.id.includes(':')).sort((a, b) => rank(a.layer.id) - rank(b.layer.id))
    let ref = mover
    for (const hit of mover ? [] : sorted) {
      const layer = hit.layer.id.split(':')[0] ?? ''
      const id = layer === 'zone' ? String(hit.properties['id']) : this.idOf(layer, hit.properties)
      if (id && layer !== 'site' && layer !== 'chosen') {
        ref = { layer, id }
        break
      }
    }
    this.events.emit('pick', { ref, position: [e.lngLat.lng, e.lngLat.lat, this.frame.height], screen: { x, y } })
  }

  private idOf(layer: string, properties: Record<string, unknown>): string | undefined {
    const features = this.layers.get(layer)
    const id = properties['id']
    if (typeof id === 'string' && features?.has(id)) return id
    return [...(features?.values() ?? [])].find((f) => f.properties.code === properties['code'])?.id
  }

  measure(mode: MeasureMode | undefined): void {
    this.mode = mode
    this.points = []
    this.done = false
    this.map.getCanvas().style.cursor = mode ? 'crosshair' : ''
    this.showMeasure()
  }

  private finish(): void {
    if (!this.mode) return
    this.done = this.points.length > 1
    this.showMeasure()
  }

  private showMeasure(): void {
    const p = this.points
    const features: object[] = p.map((c) => ({
      type: 'Feature',
      properties: {},
      geometry: { type: 'Point', coordinates: c },
    }))
    if (this.mode === 'area' && p.length > 2)
      features.push({ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [[...p, p[0]]] } })
    else if (p.length > 1)
      features.push({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: p } })
    this.source('measure')?.setData(collection(features) as never)
    const mode = this.mode
    const local = p.map(([lon, lat]) => this.frame.toLocal(lon, lat, this.frame.height))
    this.events.emit('measure', mode && { mode, points: p.length, done: this.done, ...measured(mode, local) })
  }

  // ---- read-back

  screenOf(ref: FeatureRef): { x: number; y: number } | undefined {
    const feature = this.get(ref)
    const mover = this.live.motions.get(ref)?.mover
    if (!feature && !mover) return undefined
    const { x, y } = this.map.project(mover ? [mover.lon, mover.lat] : this.labels.anchor(ref, feature as SceneFeature))
    return { x, y }
  }

  zoneColour(id: string): string | undefined {
    const zone = this.layers.get('zone')?.get(id)
    return zone && RISK[riskOf(zone)].colour
  }

  stats(): SceneStats {
    const lat = this.map.getCenter().lat
    const pixelsPerMetre = (512 * 2 ** this.map.getZoom()) / (40_075_016.7 * Math.cos((lat * Math.PI) / 180))
    return {
      ready: this.loaded,
      tilesLoaded: this.loaded && this.map.areTilesLoaded(),
      tileset: false,
      recoveries: 0,
      heading: (this.map.getBearing() + 360) % 360,
      pixelsPerMetre,
    }
  }

  destroy(): void {
    clearTimeout(this.refreshTimer)
    cancelAnimationFrame(this.asked)
    this.map.remove()
    this.live.destroy()
    this.labels.root.remove()
  }
}
