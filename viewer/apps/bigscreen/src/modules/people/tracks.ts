import type { Mover, TrackLine } from '@twin/scene'
import { spotAt, stretches, type Track } from '@twin/ui'
import { classOf, LOOK, type Fix } from './fixes'

const lookOf = (track: Track) => LOOK[classOf({ kind: track.kind, class: track.class } as Fix)]

/** A track as it is drawn at `t` (s since 1970); `now` is the drawing's own clock. */
export function placeAt(track: Track, t: number, now: number): Mover | undefined {
  const spot = spotAt(track.points, t)
  if (!spot) return undefined
  const { glyph, hue } = lookOf(track)
  const { lon, lat, h, floor, r95, state } = spot
  return { id: track.id, lon, lat, h, floor: floor ?? undefined, glyph, hue, label: track.name, r95, state, t: now }
}

/** The lines of the tracks, broken where nothing is known. */
export function linesOf(tracks: readonly Track[]): TrackLine[] {
  return tracks.flatMap((track) =>
    stretches(track.points).map((run, i) => ({
      id: `${track.id}:${i}`,
      hue: lookOf(track).hue,
      points: run.map((p): [number, number, number] => [p[1], p[2], p[3] + 0.5]),
    })),
  )
}
