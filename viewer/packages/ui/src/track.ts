/** Where somebody was at an instant, from the points that the store kept. */

export type TrackState = 'good' | 'degraded' | 'held' | 'stale' | 'lost'

/** t (s since 1970), lon, lat, h, speed, r95, age, state, source, floor, zone: as GET /api/tracks names its columns. */
export type TrackPoint = [number, number, number, number, number, number, number, TrackState, string, string | null, string | null]

export interface Track {
  id: string
  kind: 'person' | 'vehicle'
  name: string
  class: string
  department: string
  points: TrackPoint[]
}

/** Stored tracks keep a point at least this often, s; after a longer silence nothing is known. */
export const HEARTBEAT = 75
/** A silence after which even the last known place is not shown, s. */
const FORGOTTEN = 600

export const PLAY_SPEEDS = [1, 2, 4, 8, 16, 32, 64] as const

/** Index of the last point at or before `t`, -1 before the first. */
export function before(points: readonly TrackPoint[], t: number): number {
  let [low, high] = [0, points.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((points[middle]?.[0] ?? Infinity) <= t) low = middle + 1
    else high = middle
  }
  return low - 1
}

export interface Spot {
  lon: number
  lat: number
  h: number
  floor: string | null
  zone: string | null
  r95: number
  state: TrackState
}

/**
 * Where a track was at `t`, undefined where nothing is known. Between two kept points the line between them is what was measured
 * (the store drops only what lies within 0.5 m of it); a silence or a change of storey is not bridged: there the last known place
 * stands, marked as old.
 */
export function spotAt(points: readonly TrackPoint[], t: number): Spot | undefined {
  const i = before(points, t)
  const a = points[i]
  if (!a) return undefined
  const b = points[i + 1]
  const gap = b ? b[0] - a[0] : Infinity
  const silent = t - a[0] > HEARTBEAT
  if (silent && gap > HEARTBEAT && t - a[0] > FORGOTTEN) return undefined
  const bridge = b !== undefined && gap <= HEARTBEAT && a[9] === b[9]
  const share = bridge && gap > 0 ? (t - a[0]) / gap : 0
  const mix = (k: 1 | 2 | 3): number => a[k] + (bridge && b ? (b[k] - a[k]) * share : 0)
  return {
    lon: mix(1),
    lat: mix(2),
    h: mix(3),
    floor: a[9],
    zone: a[10],
    r95: a[5],
    state: silent && !bridge ? 'stale' : a[7],
  }
}

/** A track in stretches without silences. */
export function stretches(points: readonly TrackPoint[]): TrackPoint[][] {
  const out: TrackPoint[][] = []
  for (const [i, p] of points.entries()) {
    const last = points[i - 1]
    if (!last || p[0] - last[0] > HEARTBEAT) out.push([])
    out.at(-1)?.push(p)
  }
  return out.filter((run) => run.length > 1)
}
