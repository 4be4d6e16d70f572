import type { Feature } from '@twin/api'

export type Ring = [number, number][]
export const ringOf = (f: Feature): Ring => ((f.geometry.type === 'Polygon' ? f.geometry.coordinates[0] : undefined) ?? []) as Ring

/** Degrees (EPSG:4326) to metres of a picture of these zones (x east, y down) and back. */
export interface Frame {
  width: number
  height: number
  x(lon: number): number
  y(lat: number): number
  path(points: readonly (readonly [number, number])[]): string
  degrees(x: number, y: number): [lon: number, lat: number]
}

const NORTH = 110_950

export function frameOf(zones: readonly Feature[]): Frame | undefined {
  const all = zones.flatMap(ringOf)
  if (all.length === 0) return undefined
  const lons = all.map(([lon]) => lon)
  const lats = all.map(([, lat]) => lat)
  const [west, east] = [Math.min(...lons), Math.max(...lons)]
  const [south, north] = [Math.min(...lats), Math.max(...lats)]
  const eastward = 111_320 * Math.cos((north * Math.PI) / 180)
  const x = (lon: number): number => (lon - west) * eastward
  const y = (lat: number): number => (north - lat) * NORTH
  return {
    width: (east - west) * eastward,
    height: (north - south) * NORTH,
    x,
    y,
    path: (points) => points.map(([lon, lat]) => `${x(lon).toFixed(1)},${y(lat).toFixed(1)}`).join(' '),
    degrees: (px, py) => [west + px / eastward, north - py / NORTH],
  }
}
