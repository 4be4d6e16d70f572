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
export const SORTS = ['tag', 'name', 'kind', 'zone', 'quality'] as const
export type Sort = (typeof SORTS)[number]

export interface ZoneChoice {
  code: string
  zone: CommonProperties | undefined
  depth: number
  /** its own code and those of all zones inside it */
  within: ReadonlySet<string>
}

/** The zones that hold a measuring point, or a zone that does; each below the zone it lies in. */
export function zoneChoices(zones: readonly Feature[], devices: readonly Device[]): ZoneChoice[] {
  const known = new Map(zones.map((z) => [z.properties.code, z.properties]))
  const used = new Set(devices.flatMap((d) => (d.properties.zone_code ? [d.properties.zone_code] : [])))
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

export interface Filter {
  /** codes of the zones that count; all when undefined */
  zones?: ReadonlySet<string> | undefined
  kind: string
  /** part of the tag, the code or a name, in any case */
  word: string
}

export function filterDevices(devices: readonly Device[], filter: Filter): Device[] {
  const word = filter.word.trim().toLowerCase()
  return devices.filter(({ properties: p }) => {
    if (filter.kind && p.kind !== filter.kind) return false
    if (filter.zones && !(p.zone_code && filter.zones.has(p.zone_code))) return false
    return !word || [p.tag, p.code, p.name, p.name_en].some((text) => text?.toLowerCase().includes(word))
  })
}

/** What needs eyes comes first. */
const URGENCY = { bad: 0, none: 1, uncertain: 2, good: 3 } as const

/** By one column, equal ones by tag. */
export function sortDevices(devices: readonly Device[], by: Sort, nameOf: (device: Device) => string, values: Values): Device[] {
  const key = (d: Device): string => {
    if (by === 'tag') return ''
    if (by === 'name') return nameOf(d)
    if (by === 'kind') return d.properties.kind
    if (by === 'zone') return d.properties.zone_code ?? ''
    return String(URGENCY[values.get(d.id)?.q ?? 'none'])
  }
  return devices
    .map((device) => ({ device, key: key(device) }))
    .sort((a, b) => compare(a.key, b.key) || compare(a.device.properties.tag, b.device.properties.tag))
    .map((row) => row.device)
}

const collator = new Intl.Collator('zh-CN', { numeric: true })
const compare = collator.compare

export type Counts = Record<Quality | 'none', number>

/** How many points are in each state; `none`: nothing was ever heard of them. */
export function countQualities(devices: readonly Device[], values: Values): Counts {
  const counts: Counts = { good: 0, uncertain: 0, bad: 0, none: 0 }
  for (const { id } of devices) counts[values.get(id)?.q ?? 'none'] += 1
  return counts
}

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
