import type { Feature, Schema } from '@twin/api'
import { nameIn } from '@twin/ui'

/** An inspection plan in the form: lists of its rule are text that people can type, everything else is as the server has it. */
export type Plan = Schema<'PlanOut'>
export type PlanBody = Schema<'PlanIn'>
export type Point = Schema<'RoutePoint'>
export const UNITS = ['hour', 'day', 'week', 'month', 'shift', 'calendar'] as const
export type Unit = (typeof UNITS)[number]

/** Something on the map that a point of a route can be put at. */
export interface Thing {
  label: string
  lon: number
  lat: number
}
/** By tag or code and name; of an area the middle of its corners. */
export function thingOf(feature: Feature, language: string): Thing[] {
  const { geometry, properties } = feature
  const code = String(properties['tag'] ?? properties.code ?? '')
  const corners = geometry.type === 'Point' ? [geometry.coordinates] : geometry.type === 'Polygon' ? (geometry.coordinates[0]?.slice(0, -1) ?? []) : []
  const middle = (axis: 0 | 1): number => corners.reduce((sum, corner) => sum + (corner[axis] ?? 0), 0) / corners.length
  return code && corners.length ? [{ label: `${code} ${nameIn(language, properties)}`.trim(), lon: middle(0), lat: middle(1) }] : []
}

export interface PlanDraft {
  code: string
  name: string
  kind: number
  form: string
  work_type: number
  task_num: number
  work_day: number
  starts_on: string
  ends_on: string
  who: string
  department: string
  zone_codes: string[]
  route: Point[]
  remind_minutes: number
  active: boolean
  unit: Unit
  every: number
  at: string
  window_minutes: number
  weekdays: number[]
  month_days: string
  shifts: string
  dates: string
  hours: string
}

const isUnit = (value: unknown): value is Unit => UNITS.some((u) => u === value)
const list = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [])
const words = (text: string): string[] => text.split(/[\s,，、;；]+/).filter(Boolean)
const spans = (text: string): [string, string][] => words(text).map((w) => w.split(/[-–~]/)).map(([a = '', b = '']) => [clock(a), clock(b)]) // prettier-ignore
/** 8:00 as 08:00 */
const clock = (text: string): string => (/^\d:\d\d$/.test(text) ? `0${text}` : text)

/** Who does it: a person (`a:` and the account) or everybody of a post (`p:` and the role). */
export const whoOf = (plan: Pick<Plan, 'owner_id' | 'post'>): string => (plan.owner_id ? `a:${plan.owner_id}` : plan.post ? `p:${plan.post}` : '')

export function draftOfPlan(plan: Plan | undefined, today: string): PlanDraft {
  const rule = plan?.rule ?? {}
  return {
    code: plan?.code ?? '',
    name: plan?.name ?? '',
    kind: plan?.kind ?? 1,
    form: plan?.form ?? '',
    work_type: plan?.work_type ?? 0,
    task_num: plan?.task_num ?? 0,
    work_day: plan?.work_day ?? 0,
    starts_on: plan?.starts_on ?? today,
    ends_on: plan?.ends_on ?? '',
    who: plan ? whoOf(plan) : '',
    department: plan?.department ?? '',
    zone_codes: [...(plan?.zone_codes ?? [])],
    route: (plan?.route ?? []).map((p) => ({ ...(p as unknown as Point) })),
    remind_minutes: plan?.remind_minutes ?? 60,
    active: plan?.active ?? true,
    unit: isUnit(rule['unit']) ? rule['unit'] : 'day',
    every: Number(rule['every'] ?? 1),
    at: String(rule['at'] ?? '08:00'),
    window_minutes: Number(rule['window_minutes'] ?? 480),
    weekdays: list(rule['weekdays']).map(Number),
    month_days: list(rule['month_days']).join(' '),
    shifts: list(rule['shifts']).map((s) => list(s).join('-')).join(' '), // prettier-ignore
    dates: list(rule['dates']).join(' '),
    hours: list(rule['hours']).join('-'),
  }
}

/** What the server takes; of the rule only what its unit asks for. */
export function bodyOfPlan(draft: PlanDraft): PlanBody {
  const { who, unit, every, at, window_minutes, weekdays, month_days, shifts, dates, hours, ends_on, ...rest } = draft
  const [from, to] = hours.split(/[-–~]/).map(Number)
  return {
    ...rest,
    code: rest.code.trim(),
    name: rest.name.trim(),
    ends_on: ends_on || null,
    owner_id: who.startsWith('a:') ? who.slice(2) : null,
    post: who.startsWith('p:') ? who.slice(2) : '',
    rule: {
      unit,
      every,
      at,
      window_minutes,
      weekdays: unit === 'week' ? weekdays : [],
      month_days: unit === 'month' ? words(month_days).map(Number) : [],
      shifts: unit === 'shift' ? spans(shifts) : [],
      dates: unit === 'calendar' ? words(dates) : [],
      hours: unit === 'hour' && hours.trim() ? [from ?? NaN, to ?? NaN] : null,
    },
  }
}
