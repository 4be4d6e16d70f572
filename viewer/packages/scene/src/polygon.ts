/** Plane geometry on rings of local metres. A ring need not repeat its first point. */

export type Point2 = readonly [number, number]

export function open(ring: readonly Point2[]): Point2[] {
  const [first, last] = [ring[0], ring.at(-1)]
  const closed = first && last && ring.length > 1 && first[0] === last[0] && first[1] === last[1]
  return closed ? ring.slice(0, -1) : [...ring]
}

/** Signed area in square metres, positive when counter-clockwise. */
export function area(ring: readonly Point2[]): number {
  let sum = 0
  each(ring, (a, b) => (sum += a[0] * b[1] - b[0] * a[1]))
  return sum / 2
}

/** Even-odd rule over one or more rings (outer and holes). */
export function inside(rings: readonly (readonly Point2[])[], x: number, y: number): boolean {
  let odd = false
  for (const ring of rings)
    each(ring, (a, b) => {
      if (a[1] > y !== b[1] > y && x < ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1]) + a[0]) odd = !odd
    })
  return odd
}

export function each(ring: readonly Point2[], visit: (a: Point2, b: Point2) => void): void {
  for (let i = 0; i < ring.length; i++) visit(ring[i] as Point2, ring[(i + 1) % ring.length] as Point2)
}

export function distanceToSegment(x: number, y: number, a: Point2, b: Point2): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]]
  const length2 = dx * dx + dy * dy
  const t = length2 === 0 ? 0 : Math.max(0, Math.min(1, ((x - a[0]) * dx + (y - a[1]) * dy) / length2))
  return Math.hypot(x - a[0] - t * dx, y - a[1] - t * dy)
}

export interface Box2 {
  minX: number
  minY: number
  maxX: number
  maxY: number
}

export function bounds(rings: readonly (readonly Point2[])[]): Box2 {
  const box = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity }
  for (const ring of rings)
    for (const [x, y] of ring) {
      box.minX = Math.min(box.minX, x)
      box.minY = Math.min(box.minY, y)
      box.maxX = Math.max(box.maxX, x)
      box.maxY = Math.max(box.maxY, y)
    }
  return box
}

/** A point well inside a polygon for its label: the best of a grid by distance to the edge, refined once. */
export function labelPoint(rings: readonly (readonly Point2[])[]): Point2 {
  const box = bounds(rings)
  let best: Point2 = [(box.minX + box.maxX) / 2, (box.minY + box.maxY) / 2]
  let bestDistance = clearance(rings, best)
  let [w, h] = [(box.maxX - box.minX) / 2, (box.maxY - box.minY) / 2]
  for (let round = 0; round < 3; round++) {
    const [cx, cy] = best
    for (let i = -4; i <= 4; i++)
      for (let j = -4; j <= 4; j++) {
        const p: Point2 = [cx + (i / 4) * w, cy + (j / 4) * h]
        const d = clearance(rings, p)
        if (d > bestDistance + 1e-9) [best, bestDistance] = [p, d]
      }
    w /= 4
    h /= 4
  }
  return best
}

/** Distance to the edge, negative outside. */
export function clearance(rings: readonly (readonly Point2[])[], [x, y]: Point2): number {
  let d = Infinity
  for (const ring of rings) each(ring, (a, b) => (d = Math.min(d, distanceToSegment(x, y, a, b))))
  return inside(rings, x, y) ? d : -d
}

export interface OrientedBox {
  center: Point2
  /** unit vector of the first axis */
  axis: Point2
  half: Point2
}

/** The smallest rectangle around a ring (each edge tried as a side). */
export function orientedBox(ring: readonly Point2[]): OrientedBox {
  let best: OrientedBox | undefined
  let bestArea = Infinity
  each(ring, (a, b) => {
    const length = Math.hypot(b[0] - a[0], b[1] - a[1])
    if (length < 1e-6) return
    const axis: Point2 = [(b[0] - a[0]) / length, (b[1] - a[1]) / length]
    let [u0, u1, v0, v1] = [Infinity, -Infinity, Infinity, -Infinity]
    for (const [x, y] of ring) {
      const [u, v] = [x * axis[0] + y * axis[1], -x * axis[1] + y * axis[0]]
      u0 = Math.min(u0, u)
      u1 = Math.max(u1, u)
      v0 = Math.min(v0, v)
      v1 = Math.max(v1, v)
    }
    const size = (u1 - u0) * (v1 - v0)
    if (size >= bestArea) return
    bestArea = size
    const [u, v] = [(u0 + u1) / 2, (v0 + v1) / 2]
    best = {
      center: [u * axis[0] - v * axis[1], u * axis[1] + v * axis[0]],
      axis,
      half: [(u1 - u0) / 2, (v1 - v0) / 2],
    }
  })
  return best ?? { center: ring[0] ?? [0, 0], axis: [1, 0], half: [0, 0] }
}

/** Cuts a simple ring into counter-clockwise triangles by clipping ears. */
export function triangulate(ring: readonly Point2[]): [Point2, Point2, Point2][] {
  const points = open(ring)
  if (area(points) < 0) points.reverse()
  const triangles: [Point2, Point2, Point2][] = []
  while (points.length > 2) {
    const ear = points.findIndex((b, i) => {
      const a = points.at(i - 1) as Point2
      const c = points[(i + 1) % points.length] as Point2
      if (area([a, b, c]) <= 0) return false
      return points.every((p) => p === a || p === b || p === c || !inside([[a, b, c]], p[0], p[1]))
    })
    const at = ear < 0 ? 0 : ear // a ring that crosses itself still comes to an end
    triangles.push([points.at(at - 1) as Point2, points[at] as Point2, points[(at + 1) % points.length] as Point2])
    points.splice(at, 1)
  }
  return triangles
}
