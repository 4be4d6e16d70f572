import type { Schema } from '@twin/api'
import { plantDate, plantTime } from '@twin/ui'

export type Alarm = Schema<'AlarmOut'>
export type AlarmCard = Schema<'AlarmCard'>
export type Rule = Schema<'RuleOut'>
export type Setpoint = Schema<'SetpointOut'>

export const GRADES = [1, 2, 3, 4] as const
export type Grade = (typeof GRADES)[number]
/** Types that measuring points and their sources raise. */
export const TYPES = ['ll', 'l', 'h', 'hh', 'rate', 'switch', 'bad', 'comm'] as const
/** Types that other engines raise. */
export const OTHER_TYPES = ['positions_lost', 'accuracy', 'over_count', 'under_count', 'trespass', 'leave_post', 'gathering', 'static', 'stay', 'sos', 'call', 'low_battery', 'lost_badge', 'speeding', 'off_route', 'parking', 'terminal_expired', 'terminal_unsuitable', 'annunciator', 'sink_failed', 'samples_lost', 'facts_lost'] as const // prettier-ignore
export const LEVELS = ['ll', 'l', 'h', 'hh'] as const
export const STATES = ['open', 'active', 'unacknowledged', 'acknowledged', 'handled', 'returned_unacknowledged', 'returned', 'shelved', 'suppressed', 'out_of_service', 'closed', 'all'] as const // prettier-ignore
export const PAGE = 50

export const gradeOf = (grade: number): Grade => GRADES.find((g) => g === grade) ?? 4
export const titleOf = (a: Alarm, locale: string): string => (locale === 'en' ? a.title_en : a.title)
export const figure = (value: number | null | undefined): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : '—'

/** 2026-11-28 14:05:32 in plant time. */
export function stamp(text: string | null | undefined, timezone: string): string {
  if (!text) return '—'
  const at = new Date(text)
  return `${plantDate(at, timezone)} ${plantTime(at, timezone)}`
}

/** What a filter in the address asks of the server; repeated keys are alternatives. */
export function queryOf(filter: Record<string, string>, before: string | undefined, limit = PAGE): string {
  const query = new URLSearchParams()
  const state = filter['state'] || 'open'
  if (state !== 'all') query.append('state', state)
  for (const key of ['grade', 'type', 'zone', 'subject', 'handled', 'q', 'from', 'to'])
    for (const value of (filter[key] ?? '').split(',')) if (value) query.append(key, value)
  if (before) query.set('before', before)
  query.set('limit', String(limit))
  return query.toString()
}

/** A page that is already shown, after the hub said what changed: rows of a filter keep their place, what left it goes. */
export function merge(rows: readonly Alarm[], changed: ReadonlyMap<string, Alarm>): Alarm[] {
  return rows.map((row) => {
    const now = changed.get(row.id)
    return now && now.version >= row.version ? now : row
  })
}

/** Seconds in words short enough for a table. */
export function duration(seconds: number | null | undefined): string {
  if (typeof seconds !== 'number') return '—'
  if (seconds < 60) return `${Math.round(seconds)} s`
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`
  return `${(seconds / 3600).toFixed(seconds < 36_000 ? 1 : 0)} h`
}

/** Built-in rules carry a number only. */
export const ruleName = (name: string, t: (key: string, values: { n: string }) => string): string => {
  const n = /^default (\d+)$/.exec(name)?.[1]
  return n === undefined ? name : t('alarms.builtInRule', { n })
}
