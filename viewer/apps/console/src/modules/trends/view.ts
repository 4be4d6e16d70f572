import type { Trend as ServerTrend } from '@twin/api'
import { isGap, stepFor } from '@twin/ui'
import type { Step, TrendStep } from '../../points/trend'

/** Points on one chart: as many as can be told apart. */
export const MOST = 8
export const PERIODS = ['1h', '8h', '24h', '7d', 'free'] as const
export type Period = (typeof PERIODS)[number]
export type FineStep = 'second' | Step
export type Trend = ServerTrend

const SECOND = 1000
const HOUR = 3_600_000
const DAY = 24 * HOUR
const LENGTH = { '1h': HOUR, '8h': 8 * HOUR, '24h': DAY, '7d': 7 * DAY } as const
/** Nobody zooms in or out further. */
const [SHORTEST, LONGEST] = [10 * SECOND, 366 * DAY]

export interface Span {
  start: number
  end: number
}

/** What the address asks for, ms since 1970; undefined while a custom period does not hold. */
export function spanOf(period: Period, from: string, to: string, now: number): Span | undefined {
  if (period !== 'free') return { start: now - LENGTH[period], end: now }
  const [start, end] = [Date.parse(from), Date.parse(to)]
  return start < end ? { start, end } : undefined
}

export const stepOf = ({ start, end }: Span): FineStep => stepFor(end - start)

/** The span `factor` times as long around `centre` (default: the middle), never in the future. */
export function zoom(span: Span, factor: number, now: number, centre = (span.start + span.end) / 2): Span {
  const length = Math.min(LONGEST, Math.max(SHORTEST, (span.end - span.start) * factor))
  const share = (centre - span.start) / (span.end - span.start)
  const end = Math.min(now, centre + (1 - share) * length)
  return { start: end - length, end }
}

/** The span moved by `share` of its length, never into the future. */
export function move({ start, end }: Span, share: number, now: number): Span {
  const by = Math.min((end - start) * share, now - end)
  return { start: start + by, end: end + by }
}

/** As the address holds it. */
export const stampOf = (ms: number): string => new Date(ms).toISOString()

export interface Figures {
  points: number
  gaps: number
  low: number | null
  high: number | null
  mean: number | null
  last: number | null
}

/** What a point did in the span. The mean weighs each step alike. */
export function figuresOf(items: readonly TrendStep[]): Figures {
  const told = items.filter((s) => !isGap(s))
  const of = (pick: (s: TrendStep) => number | null): number[] => told.map(pick).filter((v) => v !== null)
  const [low, high, mean] = [of((s) => s.min), of((s) => s.max), of((s) => s.avg)]
  return {
    points: told.length,
    gaps: items.length - told.length,
    low: low.length ? low.reduce((a, b) => Math.min(a, b)) : null,
    high: high.length ? high.reduce((a, b) => Math.max(a, b)) : null,
    mean: mean.length ? mean.reduce((a, b) => a + b, 0) / mean.length : null,
    last: told.at(-1)?.last ?? told.at(-1)?.avg ?? null,
  }
}
