import type { Feature } from '@twin/api'
import { SiteFrame, type CoverageShape } from '@twin/scene'

type Place = [number, number, number]

/** The area of a ring on the ground, m2; degrees in. */
export function groundArea(ring: readonly Place[]): number {
  const [first] = ring
  if (!first) return 0
  const frame = new SiteFrame(...first)
  const local = ring.map((p) => frame.toLocal(...p))
  let twice = 0
  local.forEach(([x, y], i) => {
    const [nx, ny] = local[(i + 1) % local.length] ?? [0, 0]
    twice += x * ny - nx * y
  })
  return Math.abs(twice) / 2
}

/** From the camera to the rim of what it sees: a fan of triangles, the rim and some rays. */
export function coverageShape(apex: Place, outline: readonly Place[]): CoverageShape {
  const triangles: Place[] = []
  for (let i = 0; i + 1 < outline.length; i++) triangles.push(apex, outline[i] as Place, outline[i + 1] as Place)
  const step = Math.max(1, Math.floor(outline.length / 6))
  const rays = outline.filter((_, i) => i % step === 0).map((p) => [apex, p])
  return { triangles, edges: [[...outline], ...rays] }
}

/** Where a thing is looked at: a point itself, the top of a body, a person's head in a zone or fence. Degrees and ellipsoidal metres. */
export function placeOf(feature: Feature, layer: string, ground: number): Place | undefined {
  const { type, coordinates } = feature.geometry as { type: string; coordinates: unknown }
  if (type === 'Point') {
    const [lon, lat, h] = coordinates as number[]
    return lon === undefined || lat === undefined ? undefined : [lon, lat, h ?? ground]
  }
  const rings = (type === 'MultiPolygon' ? (coordinates as number[][][][])[0] : (coordinates as number[][][])) ?? []
  const corners = (rings[0] ?? []).slice(0, -1)
  if (type === 'LineString' || corners.length === 0) return undefined
  const mean = (k: 0 | 1): number => corners.reduce((sum, c) => sum + (c[k] ?? 0), 0) / corners.length
  const top = feature.properties['z_max']
  const stands = layer !== 'zone' && layer !== 'geofence' && typeof top === 'number'
  return [mean(0), mean(1), stands ? top : ground + 1.7]
}
