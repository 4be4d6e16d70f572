import 'maplibre-gl/dist/maplibre-gl.css'
import type { Site } from '@twin/api'
import {
  Emitter,
  labelPoint,
  labelStyle,
  measured,
  riskOf,
  SiteFrame,
  type CameraView,
  type FeatureRef,
  type MeasureMode,
  type PlantView,
  type SceneFeature,
  type SceneStats,
  type SceneTexts,
} from '@twin/scene'
import { RISK, riskMarkSvg } from '@twin/ui'
import { Map as MapLibre, setWorkerUrl, type GeoJSONSource, type MapMouseEvent } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import { mapStyle, TILE_LAYERS } from './style'

setWorkerUrl(workerUrl)

interface Options {
  element: HTMLElement
  site: Site
  home: CameraView
  texts: SceneTexts
}

type Collection = { type: 'FeatureCollection'; features: object[] }
const collection = (features: object[]): Collection => ({ type: 'FeatureCollection', features })
const AREAS = ['zone', 'building', 'tank', 'warehouse', 'unit', 'gate', 'assembly_point']

/** The plant as a map, from the server's vector tiles, for those who prefer it. Needs WebGL 2; see PlantPlan for computers without. */
export class PlantMap implements PlantView {
  readonly kind = '2d' as const
  readonly events = new Emitter()
  private readonly map: MapLibre
  private readonly frame: SiteFrame
  private readonly layers = new Map<string, Map<string, SceneFeature>>()
  private readonly labels = document.createElement('div')
  private readonly labelAt = new Map<string, [number, number]>()
  private visible: ReadonlySet<string> = new Set(['zone'])
  private selected: FeatureRef | undefined
  private mode: MeasureMode | undefined
  private points: [number, number][] = []
  private done = false
  private loaded = false
  private unsaid: string[] = []

  constructor(private readonly options: Options) {
    const { element, site } = options
    this.frame = new SiteFrame(...site.center)
    const holder = document.createElement('div')
    holder.style.cssText = 'position:absolute;inset:0'
    element.append(holder)
    this.labels.className = 'scene-labels'
    element.append(this.labels)
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
    if (location.hash.includes('view=')) this.flyTo(options.home, { instant: true })
    else this.home()
    this.map.on('load', () => {
      this.loaded = true
      this.pushZones()
      this.setVisible(this.visible)
      this.select(this.selected)
      this.events.emit('ready')
    })
    this.map.on('render', () => this.rendered())
    this.map.on('move', () => this.moved())
    this.map.on('click', (e) => this.click(e))
    this.map.on('dblclick', () => this.finish())
    this.map.on('error', (e) => console.warn('map', e.error))
    this.map.on('webglcontextlost', () => this.events.emit('lost'))
    this.map.on('webglcontextrestored', () => this.events.emit('ready'))
  }

  private home(): void {
    const [w, s, e, n] = this.options.site.bounds
    this.map.fitBounds(
      [
        [w, s],
        [e, n],
      ],
      { padding: { top: 90, bottom: 110, left: 380, right: 380 }, animate: false },
    )
  }

  // ---- data

  setLayer(layer: string, features: readonly SceneFeature[]): void {
    this.layers.set(layer, new Map(features.map((f) => [f.id, f])))
    this.changed(layer, [])
  }

  changeLayer(layer: string, set: ReadonlyMap<string, SceneFeature>, gone: ReadonlySet<string>): void {
    const map = new Map(this.layers.get(layer))
    if (layer === 'zone')
      for (const [id, feature] of set) {
        const before = map.get(id)
        if (before && riskOf(before) !== riskOf(feature)) this.unsaid.push(id)
      }
    for (const id of gone) map.delete(id)
    for (const [id, feature] of set) map.set(id, feature)
    this.layers.set(layer, map)
    this.changed(layer, [...set.keys()])
  }

  private changed(layer: string, ids: string[]): void {
    for (const id of ids.length > 0 ? ids : (this.layers.get(layer)?.keys() ?? []))
      this.labelAt.delete(`${layer}:${id}`)
    if (layer === 'zone') {
      this.pushZones()
    } else if (this.loaded) this.refreshTiles()
    this.drawLabels()
  }

  private pushZones(): void {
    const order = { plant: 0, area: 1, unit: 2, place: 3 } as Record<string, number>
    const zones = [...(this.layers.get('zone')?.values() ?? [])]
      .map((f) => ({
        type: 'Feature',
        id: f.id,
        geometry: f.geometry,
        properties: { id: f.id, kind: f.properties['kind'], risk: riskOf(f) },
      }))
      .sort((a, b) => (order[String(a.properties.kind)] ?? 2) - (order[String(b.properties.kind)] ?? 2))
    this.source('zones')?.setData(collection(zones) as never)
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
    const zoom = this.map.getZoom()
    this.labels.replaceChildren()
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize)
    const taken: { x: number; y: number; w: number }[] = []
    const metres = 40_000_000 / (512 * 2 ** zoom) // roughly: what the height of the picture is, see labelStyle
    for (const layer of AREAS) {
      if (!this.visible.has(layer)) continue
      for (const feature of this.layers.get(layer)?.values() ?? []) {
        const style = labelStyle(layer, feature)
        const range = metres * 900
        if (!style || range > style.far || range < style.near) continue
        const p = this.map.project(this.anchor({ layer, id: feature.id }, feature))
        const name = this.options.texts.name(feature)
        // Chinese characters are as wide as the type is high, Latin ones half of that
        const w = rem * 0.75 * [...name].reduce((sum, ch) => sum + (ch > '\u2e80' ? 1 : 0.55), 2)
        if (taken.some((o) => Math.abs(o.x - p.x) < (o.w + w) / 2 && Math.abs(o.y - p.y) < rem * 1.3)) continue
        taken.push({ x: p.x, y: p.y, w })
        const element = document.createElement('div')
        element.className = `scene-label on ${layer}`
        element.innerHTML = layer === 'zone' ? riskMarkSvg(riskOf(feature)) : ''
        const text = document.createElement('span')
        text.textContent = name
        element.append(text)
        element.style.transform = `translate(${p.x}px, ${p.y}px) translate(-50%, ${feature.geometry.type === 'Point' ? '40%' : '-50%'})`
        this.labels.append(element)
        if (taken.length >= 200) return
      }
    }
  }

  private anchor(ref: FeatureRef, feature: SceneFeature): [number, number] {
    const key = `${ref.layer}:${ref.id}`
    const known = this.labelAt.get(key)
    if (known) return known
    const { type, coordinates } = feature.geometry
    let at: [number, number]
    if (type === 'Point') at = (coordinates as number[]).slice(0, 2) as [number, number]
    else if (type === 'LineString')
      at = ((coordinates as number[][])[Math.floor((coordinates as number[][]).length / 2)] ?? [0, 0]).slice(0, 2) as [
        number,
        number,
      ]
    else {
      const rings = (type === 'MultiPolygon' ? (coordinates as number[][][][])[0] : (coordinates as number[][][])) ?? []
      // in local metres: degrees are not square
      const local = rings.map((ring) =>
        ring.map(
          ([lon, lat]) => this.frame.toLocal(lon ?? 0, lat ?? 0, this.frame.height).slice(0, 2) as [number, number],
        ),
      )
      const [x, y] = labelPoint(local)
      at = this.frame.toLonLat([x, y, 0]).slice(0, 2) as [number, number]
    }
    this.labelAt.set(key, at)
    return at
  }

  // ---- camera

  flyTo(target: FeatureRef | CameraView, options: { instant?: boolean } = {}): void {
    const animate = !options.instant
    if ('layer' in target) {
      const feature = this.get(target)
      if (!feature) return
      const zoom = feature.geometry.type === 'Point' ? 19 : 17.6
      this.map.flyTo({ center: this.anchor(target, feature), zoom, duration: 1000, animate })
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
    if (this.unsaid.length > 0 && this.loaded && this.map.isSourceLoaded('zones'))
      this.events.emit('recolour', this.unsaid.splice(0))
    this.events.emit('frame')
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
    const hits = this.map.queryRenderedFeatures([
      [x - 6, y - 6],
      [x + 6, y + 6],
    ])
    const rank = (id: string) => (id.endsWith(':point') ? 0 : id.startsWith('zone') ? 2 : 1)
    const sorted = hits.filter((h) => h.layer.id.includes(':')).sort((a, b) => rank(a.layer.id) - rank(b.layer.id))
    let ref: FeatureRef | undefined
    for (const hit of sorted) {
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
    if (!feature) return undefined
    const { x, y } = this.map.project(this.anchor(ref, feature))
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
    this.map.remove()
    this.labels.remove()
  }
}
