import type { ApiClient, Tileset } from '@twin/api'

/** The site's 3D models from the server's list. */
export async function tilesetsOf(api: ApiClient, list: string, site: string): Promise<Tileset[]> {
  const tilesets = await api.request<Tileset[]>(list)
  return tilesets.filter((one) => one.site === site)
}

/** Square metres inside outlines of longitudes and latitudes in degrees; a plant is small enough for a flat map of it. */
export function coveredArea(outlines: readonly (readonly (readonly number[])[])[]): number {
  const metres = 111_320
  return outlines.reduce((sum, ring) => {
    const scale = metres * metres * Math.cos(((ring[0]?.[1] ?? 0) * Math.PI) / 180)
    const [x0 = 0, y0 = 0] = ring[0] ?? []
    const twice = ring.reduce((area, [x = 0, y = 0], i) => {
      const [u = 0, v = 0] = ring[(i + 1) % ring.length] ?? []
      return area + (x - x0) * (v - y0) - (u - x0) * (y - y0)
    }, 0)
    return sum + (Math.abs(twice) / 2) * scale
  }, 0)
}

type Bounds = readonly [number, number, number, number]

/** Share of the smaller of two boxes that both cover. */
export function overlap(a: Bounds, b: Bounds): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (width <= 0 || height <= 0) return 0
  const size = ([w, s, e, n]: Bounds) => (e - w) * (n - s)
  return (width * height) / Math.max(1e-18, Math.min(size(a), size(b)))
}

/** The one that the site shows when nobody names one comes before the others. */
const rank = (tileset: Tileset): number => ((tileset as { current?: boolean }).current ? 0 : 1)
const when = (tileset: Tileset): string => tileset.date ?? tileset.imported_at

/**
 * Models of one place taken at different times are surveys of each other: only one of them is shown at a time. Those of different
 * places stand side by side. Groups keep the current survey first, then the newest.
 */
export function surveysOf(tilesets: readonly Tileset[]): Tileset[][] {
  const groups: Tileset[][] = []
  for (const one of [...tilesets].sort((a, b) => rank(a) - rank(b) || (when(a) < when(b) ? 1 : -1))) {
    const group = groups.find((g) => g[0] && overlap(g[0].bounds, one.bounds) > 0.5)
    if (group) group.push(one)
    else groups.push([one])
  }
  return groups
}
