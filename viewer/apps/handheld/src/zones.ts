import type { Feature } from '@twin/api'
import type { RiskLevel } from '@twin/ui'

/** The level of a zone now, 1 red .. 4 blue. */
export function riskOf(zone: Feature): RiskLevel {
  const level = Number(zone.properties['risk'] ?? zone.properties['static_risk'])
  return level === 1 || level === 2 || level === 3 ? level : 4
}

/** Outer ring of a polygon: longitude, latitude pairs in degrees. */
export function ringOf(zone: Feature): number[][] | undefined {
  const { type, coordinates } = zone.geometry as { type: string; coordinates: unknown }
  if (type === 'Polygon') return (coordinates as number[][][])[0]
  if (type === 'MultiPolygon') return (coordinates as number[][][][])[0]?.[0]
  return undefined
}

/** Where to write a name: the centre of mass when it lies inside, else halfway along the longest inner line through it. */
export function middle(ring: readonly number[][]): [number, number] {
  let [area, x, y] = [0, 0, 0]
  const [ox, oy] = [ring[0]?.[0] ?? 0, ring[0]?.[1] ?? 0] // near zero, so that the products keep their digits
  for (let i = 0; i + 1 < ring.length; i++) {
    const [ax, ay] = [(ring[i]?.[0] ?? 0) - ox, (ring[i]?.[1] ?? 0) - oy]
    const [bx, by] = [(ring[i + 1]?.[0] ?? 0) - ox, (ring[i + 1]?.[1] ?? 0) - oy]
    const cross = ax * by - bx * ay
    area += cross
    x += (ax + bx) * cross
    y += (ay + by) * cross
  }
  if (area === 0) return [ox, oy]
  const [cx, cy] = [ox + x / (3 * area), oy + y / (3 * area)]
  if (inside(ring, cx, cy)) return [cx, cy]
  const cuts = crossings(ring, cy)
  let best: [number, number] = [cx, cx]
  for (let i = 0; i + 1 < cuts.length; i += 2) {
    const [a, b] = [cuts[i] ?? cx, cuts[i + 1] ?? cx]
    if (b - a > best[1] - best[0]) best = [a, b]
  }
  return [(best[0] + best[1]) / 2, cy]
}

function crossings(ring: readonly number[][], y: number): number[] {
  const out: number[] = []
  for (let i = 0; i + 1 < ring.length; i++) {
    const [ax, ay] = [ring[i]?.[0] ?? 0, ring[i]?.[1] ?? 0]
    const [bx, by] = [ring[i + 1]?.[0] ?? 0, ring[i + 1]?.[1] ?? 0]
    if (ay > y !== by > y) out.push(ax + ((y - ay) * (bx - ax)) / (by - ay))
  }
  return out.sort((a, b) => a - b)
}

/** Whether a point lies within a ring (even-odd rule). */
export function inside(ring: readonly number[][], x: number, y: number): boolean {
  return crossings(ring, y).filter((cut) => cut > x).length % 2 === 1
}

/** The innermost zone at a place: a place before its unit, a unit before its area. */
export function zoneAt(zones: readonly Feature[], lon: number, lat: number): Feature | undefined {
  const order = ['place', 'unit', 'area', 'plant']
  return zones
    .filter((zone) => {
      const ring = ringOf(zone)
      return ring && inside(ring, lon, lat)
    })
    .sort((a, b) => order.indexOf(String(a.properties['kind'])) - order.indexOf(String(b.properties['kind'])))[0]
}

/** What a QR code or an NFC tag says: a page of this app, or undefined for a foreign one. */
export function pageOf(text: string, origin: string): string | undefined {
  const trimmed = text.trim()
  const short = /^(?:twin:)?(zone|point|device|verify):([\w.-]{1,64})$/.exec(trimmed)
  if (short?.[1] === 'zone') return `/zone/${short[2]}`
  if (short?.[1] && short[2]) return `/${short[1]}/${encodeURIComponent(short[2])}`
  try {
    const url = new URL(trimmed)
    return url.origin === origin && url.pathname.startsWith('/m/') ? url.pathname.slice(2) + url.search : undefined
  } catch {
    return undefined
  }
}
