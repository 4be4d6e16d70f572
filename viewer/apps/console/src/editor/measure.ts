import type { Geometry, Position } from '@twin/api'

const R = 6371008.8
const rad = Math.PI / 180

/** Metres on a local plane; good to a millimetre in a metre over a plant of some kilometres. */
function plane(points: readonly Position[]): [number, number][] {
  const first = points[0]
  if (!first) return []
  const k = Math.cos(first[1] * rad)
  return points.map((p) => [(p[0] - first[0]) * rad * R * k, (p[1] - first[1]) * rad * R])
}

/** Area of a polygon's outer ring less its holes, square metres. */
export function areaOf(geometry: Geometry): number {
  if (geometry.type !== 'Polygon') return 0
  const [outer, ...holes] = geometry.coordinates.map(ringArea)
  return (outer ?? 0) - holes.reduce((a, b) => a + b, 0)
}

function ringArea(ring: readonly Position[]): number {
  const points = plane(ring)
  let sum = 0
  points.forEach((p, i) => {
    const q = points[(i + 1) % points.length] ?? p
    sum += p[0] * q[1] - q[0] * p[1]
  })
  return Math.abs(sum) / 2
}

/** Length of a line, metres. */
export function lengthOf(geometry: Geometry): number {
  if (geometry.type !== 'LineString') return 0
  const points = plane(geometry.coordinates)
  return points.slice(1).reduce((sum, p, i) => {
    const q = points[i] ?? p
    return sum + Math.hypot(p[0] - q[0], p[1] - q[1])
  }, 0)
}

export function vertexCount(geometry: Geometry): number {
  if (geometry.type === 'Point') return 1
  if (geometry.type === 'LineString') return geometry.coordinates.length
  if (geometry.type === 'Polygon') return geometry.coordinates.reduce((n, ring) => n + ring.length - 1, 0)
  return 0
}

/** Heights: a drawn geometry is flat; vertices keep the height of the old vertex at their place, others take the old first one. */
export function withHeights(flat: Geometry, before: Geometry | null): Geometry {
  const old = before ? flatten(before) : []
  const fallback = old[0]?.[2]
  const known = new Map(old.map((p) => [`${p[0].toFixed(8)},${p[1].toFixed(8)}`, p[2]]))
  const lift = (p: Position): Position => {
    const z = known.get(`${p[0].toFixed(8)},${p[1].toFixed(8)}`) ?? fallback
    return z === undefined ? [p[0], p[1]] : [p[0], p[1], z]
  }
  if (flat.type === 'Point') return { type: 'Point', coordinates: lift(flat.coordinates) }
  if (flat.type === 'LineString') return { type: 'LineString', coordinates: flat.coordinates.map(lift) }
  if (flat.type === 'Polygon') return { type: 'Polygon', coordinates: flat.coordinates.map((ring) => ring.map(lift)) }
  return flat
}

function flatten(geometry: Geometry): Position[] {
  if (geometry.type === 'Point') return [geometry.coordinates]
  if (geometry.type === 'LineString') return geometry.coordinates
  if (geometry.type === 'Polygon') return geometry.coordinates.flat()
  return []
}
