import 'maplibre-gl/dist/maplibre-gl.css'
import type { Feature, Site } from '@twin/api'
import { riskMarkSvg, zoneOrder, type RiskLevel } from '@twin/ui'
import { Map as MapLibre, Marker, setWorkerUrl, type GeoJSONSource } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import type { Position } from '../position'
import { riskOf, ringOf, middle } from '../zones'
import { addSigns, handheldStyle, SWITCHES } from './style'

setWorkerUrl(workerUrl)

type Collection = { type: 'FeatureCollection'; features: object[] }
const collection = (features: object[]): Collection => ({ type: 'FeatureCollection', features })

interface Options {
  element: HTMLElement
  site: Site
  dark: boolean
  name: (feature: Feature) => string
  pick: (zone: string | undefined) => void
  ready: () => void
}

/** The map of the plant on a phone. */
export class HandheldMap {
  private readonly map: MapLibre
  private readonly markers = new Map<string, { marker: Marker; look: string }>()
  private zones: readonly Feature[] = []
  private hidden: ReadonlySet<string> = new Set()
  private me: Position | undefined
  private tilted = false
  private loaded = false

  constructor(private readonly options: Options) {
    const [w, s, e, n] = options.site.bounds
    this.map = new MapLibre({
      container: options.element,
      style: handheldStyle(location.origin, options.dark),
      attributionControl: false,
      bounds: [
        [w, s],
        [e, n],
      ],
      fitBoundsOptions: { padding: 24 },
      maxZoom: 21,
      minZoom: 12,
      maxPitch: 60,
      fadeDuration: 0,
    })
    this.map.on('style.load', () => addSigns(this.map, options.dark))
    this.map.on('load', () => {
      this.loaded = true
      this.tilt(false)
      this.show(this.hidden)
      this.setZones(this.zones)
      this.setMe(this.me)
      options.ready()
    })
    this.map.on('click', (event) => {
      const hits = this.map.queryRenderedFeatures(event.point, { layers: ['zone:fill'] })
      const smallest = hits.sort((a, b) => zoneOrder(b.properties['kind']) - zoneOrder(a.properties['kind']))[0]
      options.pick(smallest && String(smallest.properties['id']))
    })
    this.map.on('zoom', () => this.label())
    this.map.on('moveend', () => this.label())
    this.map.on('error', (event) => console.warn('map', event.error.message))
  }

  setZones(zones: readonly Feature[]): void {
    this.zones = zones
    if (!this.loaded) return
    const features = zones
      .map((f) => ({
        type: 'Feature',
        geometry: f.geometry,
        properties: { id: f.id, kind: f.properties['kind'], risk: riskOf(f) },
      }))
      .sort((a, b) => zoneOrder(a.properties.kind) - zoneOrder(b.properties.kind))
    this.source('zones')?.setData(collection(features) as never)
    this.label()
  }

  /** A mark with shape and letter on every zone that is big enough to carry it: colour alone never says it. */
  private label(): void {
    if (!this.loaded) return
    const shown = new Set<string>()
    const taken: { x: number; y: number; w: number }[] = []
    if (!this.hidden.has('zone') && this.map.getZoom() > 14.5) {
      // the higher risk has its say first where there is not room for all
      for (const zone of [...this.zones].sort((a, b) => riskOf(a) - riskOf(b))) {
        if (zone.properties['kind'] === 'plant' || zone.properties['kind'] === 'area') continue
        const ring = ringOf(zone)
        if (!ring || !this.big(ring)) continue
        const at = middle(ring)
        const { x, y } = this.map.project(at)
        const w = Math.min(136, 34 + 12 * this.options.name(zone).length)
        if (taken.some((o) => Math.abs(o.x - x) < (o.w + w) / 2 && Math.abs(o.y - y) < 24)) continue
        taken.push({ x, y, w })
        shown.add(zone.id)
        this.mark(zone, at)
      }
    }
    for (const [id, { marker }] of this.markers)
      if (!shown.has(id)) {
        marker.remove()
        this.markers.delete(id)
      }
  }

  private big(ring: readonly number[][]): boolean {
    const points = ring.map(([lon, lat]) => this.map.project([lon ?? 0, lat ?? 0]))
    const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)]
    return Math.max(...xs) - Math.min(...xs) > 44 && Math.max(...ys) - Math.min(...ys) > 30
  }

  private mark(zone: Feature, at: [number, number]): void {
    const risk: RiskLevel = riskOf(zone)
    const look = `${risk}|${this.options.name(zone)}|${at.join()}`
    const known = this.markers.get(zone.id)
    if (known?.look === look) return
    known?.marker.remove()
    const element = document.createElement('div')
    element.className = 'zone-mark'
    element.innerHTML = riskMarkSvg(risk)
    const text = document.createElement('span')
    text.textContent = this.options.name(zone)
    element.append(text)
    this.markers.set(zone.id, { look, marker: new Marker({ element }).setLngLat(at).addTo(this.map) })
  }

  choose(zone: Feature | undefined): void {
    this.source('chosen')?.setData(
      collection(zone ? [{ type: 'Feature', geometry: zone.geometry, properties: {} }] : []) as never,
    )
  }

  goTo(zone: Feature): void {
    const ring = ringOf(zone)
    if (!ring) return
    const [lons, lats] = [ring.map((c) => c[0] ?? 0), ring.map((c) => c[1] ?? 0)]
    this.map.fitBounds(
      [
        [Math.min(...lons), Math.min(...lats)],
        [Math.max(...lons), Math.max(...lats)],
      ],
      { padding: { top: 60, bottom: Math.round(this.map.getContainer().clientHeight * 0.55), left: 40, right: 40 }, maxZoom: 18.5, duration: 700 },
    )
  }

  /** 2D, or seen at an angle with buildings and tanks standing up. */
  tilt(tilted: boolean): void {
    this.tilted = tilted
    if (!this.loaded) return
    this.show(this.hidden)
    this.map.easeTo({ pitch: tilted ? 55 : 0, bearing: tilted ? this.map.getBearing() : 0, duration: 600 })
  }

  show(hidden: ReadonlySet<string>): void {
    this.hidden = hidden
    if (!this.loaded) return
    for (const [key, ids] of Object.entries(SWITCHES))
      for (const id of ids) {
        const on = !hidden.has(key) && (!id.endsWith(':raised') || this.tilted)
        if (this.map.getLayer(id)) this.map.setLayoutProperty(id, 'visibility', on ? 'visible' : 'none')
      }
    this.label()
  }

  setMe(at: Position | undefined): void {
    this.me = at
    const k = at ? (512 * 2 ** 22) / (40_075_016.7 * Math.cos((at.lat * Math.PI) / 180)) : 0
    this.source('me')?.setData(
      collection(
        at ? [{ type: 'Feature', geometry: { type: 'Point', coordinates: [at.lon, at.lat] }, properties: { r: at.accuracy, k } }] : [],
      ) as never,
    )
  }

  goToMe(): void {
    if (this.me) this.map.easeTo({ center: [this.me.lon, this.me.lat], zoom: Math.max(17, this.map.getZoom()), duration: 600 })
  }

  refreshTexts(): void {
    this.label()
  }

  /** for tests: what colour level a zone is painted in now */
  levelOf(id: string): number | undefined {
    const zone = this.zones.find((z) => z.id === id)
    return zone && riskOf(zone)
  }

  private source(name: string): GeoJSONSource | undefined {
    return this.loaded ? (this.map.getSource(name) as GeoJSONSource | undefined) : undefined
  }

  destroy(): void {
    this.map.remove()
  }
}
