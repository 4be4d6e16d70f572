import { area, bounds, distanceToSegment, each, open, type Box2, type Point2 } from './polygon'

/** A zone as the drape needs it: rings and heights in metres of the site frame. */
export interface DrapeZone {
  id: string
  rings: Point2[][]
  zMin: number
  zMax: number
}

/**
 * Two zone slots per texel, so that the paint finds its zone by one texture read: the smallest zone there and the next larger one
 * (which takes over where a point lies outside the height range of the first).
 */
export interface ZoneRaster {
  size: number
  box: Box2
  /** RGBA8: slot A low and high byte, slot B low and high byte; number = index in `order` + 1, 0 = none */
  ids: Uint8Array
  /** RGBA8: distance to the nearest edge of the visible partition in slot A and in slot B, 0..255 over 0..REACH metres */
  edges: Uint8Array
  /** zone ids from the largest to the smallest */
  order: string[]
}

/** Distances to an edge are kept up to here, m. */
export const REACH = 6

/** Cuts zones into a square raster over `box`. Rows run south to north. Distances to edges cost most of it and may be left out. */
export function cutZones(zones: readonly DrapeZone[], box: Box2, size: number, withEdges = true): ZoneRaster {
  const sorted = zones
    .map((zone) => ({ ...zone, rings: zone.rings.map(open), area: Math.abs(area(zone.rings[0] ?? [])) }))
    .sort((a, b) => b.area - a.area || (a.id < b.id ? -1 : 1))
  const a = new Uint16Array(size * size)
  const b = new Uint16Array(size * size)
  const edgeA = new Uint8Array(size * size).fill(255)
  const edgeB = new Uint8Array(size * size).fill(255)
  const cut = { box, size, sx: (box.maxX - box.minX) / size, sy: (box.maxY - box.minY) / size }
  sorted.forEach((zone, index) => {
    const number = index + 1
    fill(zone.rings, cut, (at) => {
      b[at] = a[at] as number
      edgeB[at] = edgeA[at] as number
      a[at] = number
      edgeA[at] = 255
    })
    // The rim of this zone shows on both of its sides: inside it as its own edge, outside as the end of the one around it.
    if (!withEdges) return
    band(zone.rings, cut, (at, distance) => {
      const value = Math.round((distance / REACH) * 255)
      if (value < (edgeA[at] as number)) edgeA[at] = value
      if (a[at] !== number && value < (edgeB[at] as number)) edgeB[at] = value
    })
  })
  const ids = new Uint8Array(size * size * 4)
  const edges = new Uint8Array(withEdges ? size * size * 4 : 4)
  for (let i = 0; i < size * size; i++) {
    const [na, nb] = [a[i] as number, b[i] as number]
    ids.set([na & 255, na >> 8, nb & 255, nb >> 8], i * 4)
    if (withEdges) edges.set([edgeA[i] as number, edgeB[i] as number, 0, 255], i * 4)
  }
  return { size, box, ids, edges, order: sorted.map((z) => z.id) }
}

interface Cut {
  box: Box2
  size: number
  sx: number
  sy: number
}

/** Visits the texels whose centre lies inside (even-odd over all rings), row by row. */
function fill(rings: Point2[][], { box, size, sx, sy }: Cut, visit: (at: number) => void): void {
  const extent = bounds(rings)
  const from = Math.max(0, Math.floor((extent.minY - box.minY) / sy))
  const to = Math.min(size - 1, Math.ceil((extent.maxY - box.minY) / sy))
  for (let row = from; row <= to; row++) {
    const y = box.minY + (row + 0.5) * sy
    const crossings: number[] = []
    for (const ring of rings)
      each(ring, (p, q) => {
        if (p[1] > y !== q[1] > y) crossings.push(((q[0] - p[0]) * (y - p[1])) / (q[1] - p[1]) + p[0])
      })
    crossings.sort((m, n) => m - n)
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const first = Math.max(0, Math.ceil(((crossings[i] as number) - box.minX) / sx - 0.5))
      const last = Math.min(size - 1, Math.ceil(((crossings[i + 1] as number) - box.minX) / sx - 0.5) - 1)
      for (let column = first; column <= last; column++) visit(row * size + column)
    }
  }
}

/** Visits the texels within REACH of an edge. */
function band(rings: Point2[][], { box, size, sx, sy }: Cut, visit: (at: number, distance: number) => void): void {
  for (const ring of rings)
    each(ring, (p, q) => {
      const c0 = Math.max(0, Math.floor((Math.min(p[0], q[0]) - REACH - box.minX) / sx))
      const c1 = Math.min(size - 1, Math.ceil((Math.max(p[0], q[0]) + REACH - box.minX) / sx))
      const r0 = Math.max(0, Math.floor((Math.min(p[1], q[1]) - REACH - box.minY) / sy))
      const r1 = Math.min(size - 1, Math.ceil((Math.max(p[1], q[1]) + REACH - box.minY) / sy))
      const [dx, dy] = [q[0] - p[0], q[1] - p[1]]
      const length = Math.hypot(dx, dy) || 1
      for (let row = r0; row <= r1; row++) {
        const y = box.minY + (row + 0.5) * sy
        // of a long slanting edge only the strip around it is visited
        let [from, to] = [c0, c1]
        if (Math.abs(dy) > 1e-9) {
          const along = p[0] + ((y - p[1]) * dx) / dy
          const half = (REACH * length) / Math.abs(dy) + Math.abs((sy * dx) / dy)
          from = Math.max(c0, Math.floor((along - half - box.minX) / sx))
          to = Math.min(c1, Math.ceil((along + half - box.minX) / sx))
        }
        for (let column = from; column <= to; column++) {
          const distance = distanceToSegment(box.minX + (column + 0.5) * sx, y, p, q)
          if (distance < REACH) visit(row * size + column, distance)
        }
      }
    })
}
