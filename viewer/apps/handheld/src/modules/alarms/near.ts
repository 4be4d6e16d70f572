import type { Feature, Schema } from '@twin/api'
import type { RiskLevel } from '@twin/ui'
import { middle, ringOf } from '../../zones'

/** What the list needs of an item of the stream `alarms` (as GET /api/alarms gives them). */
export type Alarm = Pick<Schema<'AlarmOut'>, 'id' | 'grade' | 'status' | 'active' | 'at' | 'title' | 'title_en' | 'lon' | 'lat' | 'zone_code'>

/** By what the alarms are ordered: a place (degrees, accuracy in metres, ms since 1970), one's zones, or neither. */
export type From =
  | { kind: 'phone' | 'badge'; lon: number; lat: number; accuracy: number; at: number }
  | { kind: 'zones'; zones: ReadonlySet<string> }
  | { kind: 'none' }

export interface Near {
  alarm: Alarm
  /** metres in a straight line; undefined without a place to measure from or to */
  metres: number | undefined
  /** it has no place of its own: measured to the middle of its zone */
  about: boolean
  /** eighth of the compass, 0 north, 1 north-east .. 7 north-west */
  eighth: number
  mine: boolean
}

interface Spot {
  lon: number
  lat: number
}

/** A phone's fix is good for this long and this exact, a badge's for as long as the plant itself calls it fresh. */
const PHONE_AGE = 120_000
const PHONE_ACCURACY = 100
const BADGE_AGE = 75_000

/** The best that is known of where I am: this phone, else my badge, else the zones that are mine. */
export function fromOf(
  phone: (Spot & { accuracy: number; at: number }) | undefined,
  badge: (Spot & { r95: number; t: string; state: string }) | null | undefined,
  zones: ReadonlySet<string>,
  now: number,
): From {
  if (phone && now - phone.at <= PHONE_AGE && phone.accuracy <= PHONE_ACCURACY) return { kind: 'phone', lon: phone.lon, lat: phone.lat, accuracy: phone.accuracy, at: phone.at }
  if (badge && badge.state !== 'stale' && badge.state !== 'lost') {
    const at = Date.parse(badge.t)
    if (now - at <= BADGE_AGE) return { kind: 'badge', lon: badge.lon, lat: badge.lat, accuracy: badge.r95, at }
  }
  return zones.size ? { kind: 'zones', zones } : { kind: 'none' }
}

/** My zones and all below them: those that my rights are limited to, else those that I answer for by name. */
export function zonesOf(limited: readonly string[], name: string, zones: readonly Feature[]): Set<string> {
  const mine = new Set(limited.length ? limited : zones.filter((z) => name !== '' && z.properties['owner'] === name).map((z) => z.properties.code))
  for (let grown = true; grown; ) {
    grown = false
    for (const { properties } of zones)
      if (!mine.has(properties.code) && mine.has(String(properties['parent_code'] ?? ''))) {
        mine.add(properties.code)
        grown = true
      }
  }
  return mine
}

/** Metres and eighth of the compass from one place to another; good over a plant. */
export function way(a: Spot, b: Spot): { metres: number; eighth: number } {
  const north = (b.lat - a.lat) * 111_320
  const east = (b.lon - a.lon) * 111_320 * Math.cos((a.lat * Math.PI) / 180)
  return { metres: Math.hypot(north, east), eighth: (Math.round((Math.atan2(east, north) * 4) / Math.PI) + 8) % 8 }
}

export const gradeOf = (alarm: Alarm): RiskLevel => (alarm.grade === 1 || alarm.grade === 2 || alarm.grade === 3 ? alarm.grade : 4)
const HELD = ['shelved', 'suppressed', 'out_of_service']

/** Open alarms that nobody holds back, the nearest first; without a place those of my zones first, then by grade and time. */
export function nearest(alarms: Iterable<Alarm>, from: From, zones: ReadonlyMap<string, Feature>): Near[] {
  const rows: Near[] = []
  for (const alarm of alarms) {
    if (HELD.includes(alarm.status) || alarm.status === 'closed') continue
    const row: Near = { alarm, metres: undefined, about: false, eighth: 0, mine: from.kind === 'zones' && from.zones.has(alarm.zone_code ?? '') }
    const spot = placeOf(alarm, zones)
    if (spot && 'lon' in from) Object.assign(row, way(from, spot), { about: spot.about })
    rows.push(row)
  }
  return rows.sort(
    (a, b) =>
      (a.metres ?? Infinity) - (b.metres ?? Infinity) ||
      Number(b.mine) - Number(a.mine) ||
      a.alarm.grade - b.alarm.grade ||
      (a.alarm.at < b.alarm.at ? 1 : -1),
  )
}

function placeOf(alarm: Alarm, zones: ReadonlyMap<string, Feature>): (Spot & { about: boolean }) | undefined {
  if (alarm.lon !== null && alarm.lat !== null) return { lon: alarm.lon, lat: alarm.lat, about: false }
  const zone = zones.get(alarm.zone_code ?? '')
  const ring = zone && ringOf(zone)
  if (!ring) return undefined
  const [lon, lat] = middle(ring)
  return { lon, lat, about: true }
}
