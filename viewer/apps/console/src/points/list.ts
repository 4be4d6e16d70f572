import type { CommonProperties, DeviceProperties, Feature } from '@twin/api'
import { plantDate, plantTime } from '@twin/ui'

export type Device = Feature<DeviceProperties>
export type Quality = 'good' | 'uncertain' | 'bad'

/** A measuring point's newest value on the hub: in the device's unit, source time in seconds since 1970 (UTC). */
export interface PointValue {
  id: string
  v: number | null
  q: Quality
  ts: number | null
}

export type Values = ReadonlyMap<string, PointValue>

/** Rows on one page of the list. */
export const PAGE = 50
export const SORTS = ['tag', 'name', 'kind', 'zone', 'state'] as const
export const STATES = ['good', 'uncertain', 'bad', 'none', 'alarm'] as const

export interface ZoneChoice {
  code: string
  zone: CommonProperties | undefined
  depth: number
  /** its own code and those of all zones inside it */
  within: ReadonlySet<string>
}

/** The zones, each below the zone it lies in. */
export function zoneChoices(zones: readonly Feature[]): ZoneChoice[] {
  const known = new Map(zones.map((z) => [z.properties.code, z.properties]))
  const used = new Set(known.keys())
  const parent = (code: string): string | undefined => {
    const up = known.get(code)?.['parent_code']
    return typeof up === 'string' && known.has(up) ? up : undefined
  }
  const within = new Map<string, Set<string>>()
  for (const code of used) {
    const seen = new Set<string>() // parents that go round in a circle end here
    for (let at: string | undefined = code; at !== undefined && !seen.has(at); at = parent(at)) {
      seen.add(at)
      const inside = within.get(at) ?? new Set()
      for (const below of seen) inside.add(below)
      within.set(at, inside)
    }
  }
  const path = (code: string): string[] => {
    const out: string[] = []
    for (let at: string | undefined = code; at !== undefined && !out.includes(at); at = parent(at)) out.unshift(at)
    return out
  }
  return [...within]
    .map(([code, inside]) => ({ code, path: path(code), within: inside }))
    .sort((a, b) => compare(a.path.join('\n'), b.path.join('\n')))
    .map((z) => ({ code: z.code, zone: known.get(z.code), depth: z.path.length - 1, within: z.within }))
}

/** The zones to ask the server for: a zone, a risk point's zones, or those that belong to both; undefined: all. */
export function zonesAsked(zone: string, risk: readonly string[] | undefined, choices: readonly ZoneChoice[]): string[] | undefined {
  if (!risk) return zone ? [zone] : undefined
  if (!zone) return [...risk]
  const within = (code: string): ReadonlySet<string> => choices.find((c) => c.code === code)?.within ?? new Set([code])
  return risk.flatMap((code) => (within(zone).has(code) ? [code] : within(code).has(zone) ? [zone] : []))
}

const collator = new Intl.Collator('zh-CN', { numeric: true })
const compare = collator.compare

/** Four significant digits: what an instrument of its kind can say. */
export function figure(value: number | null | undefined): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : '—'
}

/** 14:05:32 in plant time, with the date when that is not today's. */
export function stamp(ts: number | null | undefined, now: Date, timezone: string): string {
  if (typeof ts !== 'number') return '—'
  const at = new Date(ts * 1000)
  const date = plantDate(at, timezone)
  return date === plantDate(now, timezone) ? plantTime(at, timezone) : `${date} ${plantTime(at, timezone)}`
}
