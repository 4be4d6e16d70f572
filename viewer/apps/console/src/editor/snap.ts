import type { Feature, Geometry, Position } from '@twin/api'

type Point = readonly [number, number]
type Project = (lngLat: Point) => { x: number; y: number }

/** Vertices first, then edges: the nearest within `tolerance` pixels of the pointer, in degrees. */
export function snapTo(
  pointer: Point,
  features: Iterable<Feature>,
  project: Project,
  tolerance: number,
  skip?: string,
): Point | undefined {
  const at = project(pointer)
  let best: Point | undefined
  let bestDistance = tolerance
  let edge: Point | undefined
  let edgeDistance = tolerance
  for (const feature of features) {
    if (feature.id === skip) continue
    for (const line of linesOf(feature.geometry)) {
      let before: { lngLat: Point; x: number; y: number } | undefined
      for (const position of line) {
        const lngLat: Point = [position[0], position[1]]
        const p = { lngLat, ...project(lngLat) }
        const d = Math.hypot(p.x - at.x, p.y - at.y)
        if (d < bestDistance) [best, bestDistance] = [lngLat, d]
        if (before) {
          const near = onSegment(at, before, p)
          if (near.distance < edgeDistance) {
            edgeDistance = near.distance
            edge = [
              before.lngLat[0] + (lngLat[0] - before.lngLat[0]) * near.share,
              before.lngLat[1] + (lngLat[1] - before.lngLat[1]) * near.share,
            ]
          }
        }
        before = p
      }
    }
  }
  return best ?? edge
}

function onSegment(
  at: { x: number; y: number },
  a: { x: number; y: number },
  b: { x: number; y: number },
): { distance: number; share: number } {
  const dx = b.x - a.x
  const dy = b.y - a.y
  const length = dx * dx + dy * dy
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((at.x - a.x) * dx + (at.y - a.y) * dy) / length))
  return { share, distance: Math.hypot(a.x + share * dx - at.x, a.y + share * dy - at.y) }
}

function linesOf(geometry: Geometry): Position[][] {
  switch (geometry.type) {
    case 'Point':
      return [[geometry.coordinates]]
    case 'LineString':
      return [geometry.coordinates]
    case 'Polygon':
    case 'MultiLineString':
      return geometry.coordinates
    case 'MultiPolygon':
      return geometry.coordinates.flat()
  }
}
