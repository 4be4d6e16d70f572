import type { Schema } from '@twin/api'
import type { Fix } from '../modules/people/fixes'
import type { PointValue } from './plant'

/** What the whole screen shows while it shows a past second; a part that could not be read is undefined and stays empty. */
export interface Then {
  /** ms since 1970 */
  at: number
  positions: readonly Schema<'PositionThen'>[] | undefined
  points: readonly Schema<'PointThen'>[] | undefined
  alarms: readonly Schema<'AlarmOut'>[] | undefined
}

/** Without a word for so long a value is drawn as old, ms: the longest silence of a point that is kept with a dead-band. */
const OLD = 600_000

/** Positions of a past second in the form of the live ones. */
export const fixesThen = (then: Then | undefined): ReadonlyMap<string, Fix> =>
  new Map((then?.positions ?? []).map((p) => [p.id, p as Fix]))

/** A point's value of a past second in the form of the live one; what was old then does not look fresh. */
export function valueThen(then: Then, point: Schema<'PointThen'>): PointValue {
  const ts = point.ts === null ? null : Date.parse(point.ts)
  const old = ts !== null && then.at - ts > OLD
  return {
    id: point.id,
    v: point.value,
    q: old && point.quality === 'good' ? 'uncertain' : point.quality,
    ts: ts === null ? null : ts / 1000,
  }
}

export function valuesThen(then: Then | undefined): PointValue[] {
  return then?.points?.map((point) => valueThen(then, point)) ?? []
}

/** The points that are asked about by name where all at once are too many: those of safety first. */
export function namedFirst(devices: Iterable<{ id: string; properties: Record<string, unknown> }>, most: number): string[] {
  const all = [...devices].sort((a, b) => Number(b.properties['safety'] === true) - Number(a.properties['safety'] === true))
  return all.slice(0, most).map((d) => d.id)
}
