import type { Schema } from '@twin/api'
import { plantDate, plantTime } from '@twin/ui'

export type Change = Schema<'LevelChange'>
export type Line = Schema<'Timeline'>
export type Part = Schema<'TimelinePart'>

/** A stroke of a time line: `at` in ms since 1970, `rank` the level or grade 1..4. */
export interface Tick {
  at: number
  rank: number
}

/** The strokes of one sort, oldest first: zones that changed colour (the gravest new one), or alarms (the gravest). */
export function ticks(line: Line | undefined, sort: 'level' | 'grade'): Tick[] {
  const half = (line?.step ?? 0) * 500
  return (line?.parts ?? []).flatMap((part) => {
    const rank = part[sort]
    return rank === null ? [] : [{ at: Date.parse(part.at) + half, rank }]
  })
}

/** What happened in the piece of the line that a time lies in. */
export function partAt(line: Line | undefined, at: number): Part | undefined {
  return line?.parts.find((part) => {
    const begin = Date.parse(part.at)
    return begin <= at && at < begin + line.step * 1000
  })
}

/** The hours on the plant's clock that the line names: every third one; midnight is named by its date. */
export function hours(from: number, to: number, timezone: string): { at: number; text: string }[] {
  const quarter = 900_000 // there are time zones that lie a quarter of an hour beside the others
  const out = []
  for (let at = Math.ceil(from / quarter) * quarter; at <= to; at += quarter) {
    const [hour, minute] = plantTime(new Date(at), timezone).split(':')
    if (minute !== '00' || Number(hour) % 3 !== 0) continue
    out.push({ at, text: hour === '00' ? plantDate(new Date(at), timezone).slice(5) : `${hour}:00` })
  }
  return out
}
