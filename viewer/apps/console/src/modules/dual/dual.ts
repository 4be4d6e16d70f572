import { LAYERS, type Schema } from '@twin/api'
import { isRiskLevel, type RiskLevel } from '@twin/ui'

export type Hazard = Schema<'HazardOut'>
export type HazardDetail = Schema<'HazardDetail'>
export type HazardStatistics = Schema<'HazardStatistics'>
export type Row = Schema<'RegisterRow'>
export type EventDetail = Schema<'EventDetail'>

export function codesOf(field: string, language: string): { value: string | number; text: string }[] {
  const found = LAYERS['hazard']?.fields.find((f) => f.name === field)?.codes ?? []
  return found.map(({ value, title }) => ({ value, text: language === 'en' ? title.en : title.zh }))
}
export const codeText = (field: string, value: unknown, language: string): string =>
  codesOf(field, language).find((c) => String(c.value) === String(value))?.text ?? String(value ?? '')

/** The states that the board shows side by side, in the order of the loop. */
export const COLUMNS = ['reported', 'to_assign', 'rectifying', 'extension_asked', 'to_accept', 'closed'] as const

export const percent = (rate: number | null | undefined): string => (rate === null || rate === undefined ? '—' : `${Math.round(rate * 1000) / 10} %`)

export interface Method {
  zh: string
  en: string
  factors: { key: string; zh: string; en: string; values: number[] }[]
  bands?: [number, number][]
  matrix?: number[][]
}

/** Score and level of factors by a method's table, as the server computes them; undefined while a factor is missing. */
export function assess(method: Method | undefined, factors: Record<string, number>): { score: number; level: RiskLevel } | undefined {
  const values = method?.factors.map((f) => (f.values.includes(factors[f.key] ?? NaN) ? factors[f.key] : undefined)) ?? []
  if (!method || values.length === 0 || values.some((v) => v === undefined)) return undefined
  const known = values as number[]
  const product = Math.round(known.reduce((a, b) => a * b, 1) * 10_000) / 10_000
  const level = method.matrix ? method.matrix[(known[0] ?? 1) - 1]?.[(known[1] ?? 1) - 1] : method.bands?.find(([least]) => product >= least)?.[1]
  const score = method.matrix ? level : product
  return isRiskLevel(level) && score !== undefined ? { score, level } : undefined
}

/** Filters that are set, as an address says them. */
export const asQuery = (filters: Record<string, string>): string =>
  new URLSearchParams(Object.entries(filters).filter(([, v]) => v !== '')).toString()
