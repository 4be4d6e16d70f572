import {
  labelPoint,
  labelStyle,
  riskOf,
  type FeatureRef,
  type SceneFeature,
  type SceneTexts,
  type SiteFrame,
} from '@twin/scene'
import { riskMarkSvg } from '@twin/ui'
import type { Map as MapLibre } from 'maplibre-gl'

const LAYERS = ['zone', 'building', 'tank', 'warehouse', 'unit', 'gate', 'assembly_point']

/** Names on the 2D map, as DOM text, decluttered, and where a feature's name or sign stands. */
export class MapLabels {
  readonly root = document.createElement('div')
  /** boxes that names take now, px */
  taken: { x: number; y: number; width: number; height: number }[] = []
  private readonly at = new Map<string, [number, number]>()
  private readonly spots = new Map<string, [number, number, number]>()

  constructor(
    parent: HTMLElement,
    private readonly map: MapLibre,
    private readonly frame: SiteFrame,
    private readonly texts: SceneTexts,
  ) {
    this.root.className = 'scene-labels'
    parent.append(this.root)
  }

  /** Their shape may have changed. */
  forget(layer: string, ids: Iterable<string>): void {
    for (const id of ids) {
      this.at.delete(`${layer}:${id}`)
      this.spots.delete(`${layer}:${id}`)
    }
  }

  draw(layers: ReadonlyMap<string, ReadonlyMap<string, SceneFeature>>, visible: ReadonlySet<string>): void {
    const zoom = this.map.getZoom()
    this.root.replaceChildren()
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize)
    const taken: { x: number; y: number; w: number }[] = []
    const metres = 40_000_000 / (512 * 2 ** zoom) // roughly: what the height of the picture is, see labelStyle
    for (const layer of LAYERS) {
      if (!visible.has(layer)) continue
      for (const feature of layers.get(layer)?.values() ?? []) {
        const style = labelStyle(layer, feature)
        const range = metres * 900
        if (!style || range > style.far || range < style.near) continue
        const p = this.map.project(this.anchor({ layer, id: feature.id }, feature))
        const name = this.texts.name(feature)
        // Chinese characters are as wide as the type is high, Latin ones half of that
        const w = rem * 0.75 * [...name].reduce((sum, ch) => sum + (ch > '\u2e80' ? 1 : 0.55), 2)
        if (taken.some((o) => Math.abs(o.x - p.x) < (o.w + w) / 2 && Math.abs(o.y - p.y) < rem * 1.3)) continue
        taken.push({ x: p.x, y: p.y, w })
        this.put(layer, feature, name, p)
        if (taken.length >= 200) break
      }
    }
    this.taken = taken.map(({ x, y, w }) => ({ x: x - w / 2, y: y - rem * 0.65, width: w, height: rem * 1.3 }))
  }

  private put(layer: string, feature: SceneFeature, name: string, p: { x: number; y: number }): void {
    const element = document.createElement('div')
    element.className = `scene-label on ${layer}`
    element.innerHTML = layer === 'zone' ? riskMarkSvg(riskOf(feature)) : ''
    const text = document.createElement('span')
    text.textContent = name
    element.append(text)
    const down = feature.geometry.type === 'Point' ? '40%' : '-50%'
    element.style.transform = `translate(${p.x}px, ${p.y}px) translate(-50%, ${down})`
    this.root.append(element)
  }

  /** The same in local metres, on the ground. */
  spot(ref: FeatureRef, feature: SceneFeature): [number, number, number] {
    const key = `${ref.layer}:${ref.id}`
    const known = this.spots.get(key)
    if (known) return known
    const at = this.frame.toLocal(...this.anchor(ref, feature), this.frame.height)
    this.spots.set(key, at)
    return at
  }

  /** Longitude and latitude of a feature's name or sign. */
  anchor(ref: FeatureRef, feature: SceneFeature): [number, number] {
    const key = `${ref.layer}:${ref.id}`
    const known = this.at.get(key)
    if (known) return known
    const { type, coordinates } = feature.geometry
    let at: [number, number]
    if (type === 'Point') at = (coordinates as number[]).slice(0, 2) as [number, number]
    else if (type === 'LineString') {
      const line = coordinates as number[][]
      at = (line[Math.floor(line.length / 2)] ?? [0, 0]).slice(0, 2) as [number, number]
    } else {
      // in local metres: degrees are not square
      const [x, y] = labelPoint(localRings(this.frame, feature))
      at = this.frame.toLonLat([x, y, 0]).slice(0, 2) as [number, number]
    }
    this.at.set(key, at)
    return at
  }
}

/** Rings of a polygon in local metres; of a multipolygon those of its first part. */
export function localRings(frame: SiteFrame, { geometry: { type, coordinates } }: SceneFeature): [number, number][][] {
  const rings = (type === 'MultiPolygon' ? (coordinates as number[][][][])[0] : (coordinates as number[][][])) ?? []
  return rings.map((ring) =>
    ring.map(([lon, lat]) => frame.toLocal(lon ?? 0, lat ?? 0, frame.height).slice(0, 2) as [number, number]),
  )
}
