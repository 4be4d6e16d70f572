import type { RiskLevel } from '@twin/ui'
import type { SiteFrame, Vec3 } from './frame'
import { area, bounds, inside, labelPoint, type Box2, type Point2 } from './polygon'
import { riskOf } from './style'
import type { FeatureRef, SceneFeature } from './types'

/** A feature in local metres. */
export interface Placed {
  ref: FeatureRef
  feature: SceneFeature
  /** what its shape was taken from */
  shaped: SceneFeature
  /** where its label or pin stands */
  at: Vec3
  rings: Point2[][]
  line: Vec3[]
  zMin: number
  zMax: number
  box: Box2
  /** its level of risk and the place of its texel in the palette, kept here: of thousands that change at once each look-up elsewhere would count */
  level: RiskLevel
  texel: number | undefined
}

const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined

/** Features of every layer, placed in the site's frame. Survives the loss of the WebGL context. */
export class PlantModel {
  readonly layers = new Map<string, Map<string, Placed>>()

  constructor(readonly frame: SiteFrame) {}

  layer(name: string): Map<string, Placed> {
    return this.layers.get(name) ?? new Map()
  }

  get(ref: FeatureRef | undefined): Placed | undefined {
    return ref && this.layers.get(ref.layer)?.get(ref.id)
  }

  /** All of a layer. Which things came, went or have another shape now. */
  set(layer: string, features: readonly SceneFeature[]): string[] {
    const fresh = new Set(features.map((f) => f.id))
    const gone = [...this.layer(layer).keys()].filter((id) => !fresh.has(id))
    return this.change(layer, new Map(features.map((f) => [f.id, f])), new Set(gone))
  }

  /** Single changes of a layer. Which things came, went or have another shape now. */
  change(layer: string, set: ReadonlyMap<string, SceneFeature>, gone: ReadonlySet<string>): string[] {
    return [...this.remove(layer, gone), ...this.take(layer, set), ...this.reshape(layer, set.keys())]
  }

  /** Which of these were there. */
  remove(layer: string, gone: ReadonlySet<string>): string[] {
    const map = this.layer(layer)
    return [...gone].filter((id) => map.delete(id))
  }

  /**
   * Features as they are now; which of them are new. Known ones keep their shape until `reshape` has looked at it, which costs more
   * than everything else.
   *
   * @param changed hears of each known thing as it is, and of the level that it had
   */
  take(
    layer: string,
    set: ReadonlyMap<string, SceneFeature>,
    changed?: (now: Placed, before: RiskLevel) => void,
  ): string[] {
    const map = this.layers.get(layer) ?? new Map<string, Placed>()
    this.layers.set(layer, map)
    const fresh: string[] = []
    for (const [id, feature] of set) {
      const known = map.get(id)
      if (!known) {
        map.set(id, this.place(layer, feature))
        fresh.push(id)
        continue
      }
      const before = known.level
      known.feature = feature
      known.level = riskOf(feature)
      changed?.(known, before)
    }
    return fresh
  }

  /** Gives things the shape of what they are now; which of them had another one. */
  reshape(layer: string, ids: Iterable<string>): string[] {
    const map = this.layer(layer)
    const reshaped: string[] = []
    for (const id of ids) {
      const placed = map.get(id)
      if (!placed || placed.shaped === placed.feature) continue
      if (sameShape(placed.shaped, placed.feature)) placed.shaped = placed.feature
      else {
        map.set(id, this.place(layer, placed.feature))
        reshaped.push(id)
      }
    }
    return reshaped
  }

  private place(layer: string, feature: SceneFeature): Placed {
    const p = feature.properties
    const ground = this.frame.height
    const zMin = (number(p['z_min']) ?? ground) - ground
    const zMax = (number(p['z_max']) ?? ground) - ground
    const local = (c: unknown): Vec3 => {
      const [lon, lat, h] = c as number[]
      return this.frame.toLocal(lon ?? 0, lat ?? 0, h ?? ground)
    }
    const own = { ref: { layer, id: feature.id }, feature, shaped: feature, level: riskOf(feature), texel: undefined }
    const { type, coordinates } = feature.geometry
    if (type === 'Point') {
      const at = local(coordinates)
      return { ...own, at, rings: [], line: [at], zMin: at[2], zMax: at[2], box: boxOf([[at[0], at[1]]]) }
    }
    if (type === 'LineString') {
      const line = (coordinates as unknown[]).map(local)
      const at = line[Math.floor(line.length / 2)] ?? [0, 0, 0]
      return { ...own, at, rings: [], line, zMin: 0, zMax: 0, box: boxOf(line.map(([x, y]) => [x, y])) }
    }
    const polygons = (type === 'MultiPolygon' ? coordinates : [coordinates]) as unknown[][][]
    const rings = polygons.flatMap((polygon) =>
      polygon.map((ring) => ring.map((c): Point2 => local(c).slice(0, 2) as [number, number])),
    )
    const [x, y] = labelPoint(rings)
    return {
      ...own,
      at: [x, y, labelHeight(layer, zMin, zMax)],
      rings,
      line: [],
      zMin,
      zMax,
      box: boxOf(rings.flat()),
    }
  }

  /** A feature and those of its layer whose middle lies in it. */
  within(layer: string, id: string): ReadonlySet<string> {
    const outer = this.layer(layer).get(id)
    const found = new Set<string>(outer && [id])
    const size = outer && Math.abs(area(outer.rings[0] ?? []))
    for (const placed of this.layer(layer).values())
      if (
        outer &&
        size &&
        Math.abs(area(placed.rings[0] ?? [])) < size &&
        inside(outer.rings, placed.at[0], placed.at[1])
      )
        found.add(placed.ref.id)
    return found
  }

  /** The smallest feature of these layers that holds a point; heights reach so far below and above what they say. */
  at(layers: readonly string[], [x, y, z]: Vec3, below: number, above: number): Placed | undefined {
    let best: Placed | undefined
    let size = Infinity
    for (const placed of layers.flatMap((layer) => [...this.layer(layer).values()])) {
      const { box, rings, zMin, zMax } = placed
      if (x < box.minX || x > box.maxX || y < box.minY || y > box.maxY || z < zMin - below || z > zMax + above) continue
      if (!inside(rings, x, y)) continue
      const a = Math.abs(area(rings[0] ?? []))
      if (a < size) [best, size] = [placed, a]
    }
    return best
  }
}

/** Same outline and heights? Most changes of a feature are of its properties. */
export function sameShape(a: SceneFeature, b: SceneFeature): boolean {
  const [p, q] = [a.properties, b.properties]
  if (p['z_min'] !== q['z_min'] || p['z_max'] !== q['z_max']) return false
  const { type, coordinates: c } = a.geometry
  const { coordinates: d } = b.geometry
  if (type !== b.geometry.type) return false
  switch (type) {
    case 'Point':
      return samePosition(c as number[], d as number[])
    case 'LineString':
      return sameLine(c as number[][], d as number[][])
    case 'Polygon':
      return sameLines(c as number[][][], d as number[][][])
    default:
      return equal(c, d)
  }
}

// Written out by depth: of thousands of changes at once a comparison that does not know what it compares would be the dearest part.
const samePosition = (a: number[], b: number[]): boolean =>
  a.length === b.length && a[0] === b[0] && a[1] === b[1] && a[2] === b[2]

function sameLine(a: number[][], b: number[][]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!samePosition(a[i] as number[], b[i] as number[])) return false
  return true
}

function sameLines(a: number[][][], b: number[][][]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!sameLine(a[i] as number[][], b[i] as number[][])) return false
  return true
}

function equal(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b
  return a.length === b.length && a.every((item, i) => equal(item, b[i]))
}

function labelHeight(layer: string, zMin: number, zMax: number): number {
  if (layer === 'zone' || layer === 'geofence' || layer === 'site') return Math.max(0, zMin) + 1.5
  return zMax + 1.5
}

function boxOf(points: readonly Point2[]): Box2 {
  return bounds([points])
}
