import type { Mover, MoverState, TrackLine } from '@twin/scene'
import { classOf, LOOK, type Fix } from './fixes'

/** t (s since 1970), lon, lat, h, speed, r95, age, state, source, floor, zone: as GET /api/tracks names its columns. */
export type TrackPoint = [number, number, number, number, number, number, number, MoverState, string, string | null, string | null]

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

/**
 * Where a track was at `t`, undefined where nothing is known. Between two kept points the line between them is what was measured
 * (the store drops only what lies within 0.5 m of it); a silence or a change of storey is not bridged: there the last known place
 * stands, marked as old.
 */
export function placeAt(track: Track, t: number, now: number): Mover | undefined {
  const i = before(track.points, t)
  const a = track.points[i]
  if (!a) return undefined
  const b = track.points[i + 1]
  const gap = b ? b[0] - a[0] : Infinity
  const silent = t - a[0] > HEARTBEAT
  if (silent && (!b || gap > HEARTBEAT) && t - a[0] > 600) return undefined
  const bridge = b !== undefined && gap <= HEARTBEAT && a[9] === b[9]
  const share = bridge && gap > 0 ? (t - a[0]) / gap : 0
  const mix = (k: 1 | 2 | 3): number => a[k] + (bridge && b ? (b[k] - a[k]) * share : 0)
  const look = LOOK[classOf({ kind: track.kind, class: track.class } as Fix)]
  return {
    id: track.id,
    lon: mix(1),
    lat: mix(2),
    h: mix(3),
    floor: a[9] ?? undefined,
    glyph: look.glyph,
    hue: look.hue,
    label: track.name,
    r95: a[5],
    state: silent && !bridge ? 'stale' : a[7],
    t: now,
  }
}

/** The lines of the tracks, broken where nothing is known. */
export function linesOf(tracks: readonly Track[]): TrackLine[] {
  const out: TrackLine[] = []
  for (const track of tracks) {
    const look = LOOK[classOf({ kind: track.kind, class: track.class } as Fix)]
    let run: [number, number, number][] = []
    const close = (): void => {
      if (run.length > 1) out.push({ id: `${track.id}:${out.length}`, hue: look.hue, points: run })
      run = []
    }
    track.points.forEach((p, i) => {
      const last = track.points[i - 1]
      if (last && p[0] - last[0] > HEARTBEAT) close()
      run.push([p[1], p[2], p[3] + 0.5])
    })
    close()
  }
  return out
}

/** Something that happened within the period, on the time line. */
export interface Moment {
  id: string
  /** ms since 1970 */
  at: number
  kind: 'enter' | 'leave' | 'rule' | 'clear' | 'alarm'
  text: string
  grade?: 1 | 2 | 3 | 4
}

export const SPEEDS = [1, 2, 4, 8, 16, 32, 64] as const
