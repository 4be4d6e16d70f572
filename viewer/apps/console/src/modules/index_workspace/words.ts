import type { Schema } from '@twin/api'
import { isRiskLevel, plantDate, plantTime, type RiskLevel } from '@twin/ui'

export type Now = Schema<'IndexNow'>
export type Aspect = Schema<'IndexAspect'>
export type Indicator = Schema<'IndicatorOut'>
export type Rows = Schema<'IndicatorRows'>
export type ModelOut = Schema<'IndexModelOut'>
export type Forecast = Schema<'IndexForecast'>

export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))
export const levelOf = (level: number | null): RiskLevel | undefined => (isRiskLevel(level) ? level : undefined)
/** 73.25 -> 73.3, 4 -> 4, nothing -> a dash. */
export const figure = (value: number | null | undefined, digits = 1): string =>
  value === null || value === undefined ? '—' : String(Number(value.toFixed(digits)))
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
export const moment = (at: string, zone: string): string => `${plantDate(new Date(at), zone)} ${plantTime(new Date(at), zone)}`

/** Where in the console a row is read whole; undefined: it has no page of its own. */
export function rowLink(kind: string, key: string): string | undefined {
  const id = encodeURIComponent(key)
  const point = /^point:([0-9a-f-]{36}):/.exec(key)?.[1]
  const pages: Record<string, string> = {
    hazard: `/hazards/${id}`,
    alarm: `/alarms/${id}?state=all`,
    alarm_condition: point ? `/alarms?state=all&subject=${point}` : '/alarms?state=all',
    inspection_plan: `/inspections/${id}`,
    inspection_task: '/inspections',
    risk_event: `/risks/${id}`,
    zone: '/risk/zones',
    building: '/editor/building',
    terminal: '/terminals',
  }
  return pages[kind]
}

/** The last second of a day in the plant's time zone. */
export function endOfDay(day: string, zone: string): Date {
  const guess = new Date(`${day}T23:59:59Z`)
  const offset = Date.parse(`${plantDate(guess, zone)}T${plantTime(guess, zone)}Z`) - guess.getTime()
  return new Date(guess.getTime() - offset)
}
