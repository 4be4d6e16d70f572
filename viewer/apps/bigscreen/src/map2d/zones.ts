import { riskOf, sameShape, type SceneFeature } from '@twin/scene'
import { zoneOrder } from '@twin/ui'
import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl'

/**
 * The zones of the map. Shapes are given to the map once; a level is a state of its feature, so that in a storm of them nothing is cut
 * into tiles again.
 */
export class MapZones {
  private zones: ReadonlyMap<string, SceneFeature> = new Map()
  private unsaid: string[] = []

  constructor(private readonly map: MapLibre) {}

  /** All of them, or those that came with another shape or went. */
  set(zones: ReadonlyMap<string, SceneFeature>): void {
    this.zones = zones
    const order = (zone: SceneFeature): number => zoneOrder(zone.properties['kind'])
    const features = [...zones.values()].sort((a, b) => order(a) - order(b)).map((f) => ({
      type: 'Feature',
      geometry: f.geometry,
      properties: { id: f.id, kind: f.properties['kind'] },
    })) // prettier-ignore
    const source = this.map.getSource<GeoJSONSource>('zones')
    source?.setData({ type: 'FeatureCollection', features } as never)
    if (source) for (const zone of zones.values()) this.paint(zone)
  }

  /** Single changes; `zones` are all of them as they are now. */
  change(zones: ReadonlyMap<string, SceneFeature>, set: ReadonlyMap<string, SceneFeature>, gone: ReadonlySet<string>): void {
    const before = this.zones
    this.zones = zones
    let reshaped = gone.size > 0
    for (const [id, zone] of set) {
      const known = before.get(id)
      if (!known || known.properties['kind'] !== zone.properties['kind'] || !sameShape(known, zone)) reshaped = true
      if (!known || riskOf(known) === riskOf(zone)) continue
      this.unsaid.push(id)
      if (this.map.getSource('zones')) this.paint(zone)
    }
    if (reshaped) this.set(zones)
  }

  private paint(zone: SceneFeature): void {
    this.map.setFeatureState({ source: 'zones', id: zone.id }, { risk: riskOf(zone) })
  }

  /** After a frame: the zones whose new colour it has drawn. */
  drawn(): string[] {
    return this.unsaid.length > 0 && this.map.getSource('zones') && this.map.isSourceLoaded('zones') ? this.unsaid.splice(0) : []
  }
}
