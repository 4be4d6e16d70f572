import type { DeviceProperties } from '@twin/api'
import { isGap, plantDate, plantTime } from '@twin/ui'

export const STEPS = ['minute', 'hour', 'day', 'month'] as const
export type Step = (typeof STEPS)[number]
export const PERIODS = ['1h', '24h', '7d', 'free'] as const
export type Period = (typeof PERIODS)[number]

/** One step as the server gives it. All figures null: a gap. `count` 0 with figures: the value stood still. */
export interface TrendStep {
  start: string
  count: number
  bad: number
  min: number | null
  max: number | null
  avg: number | null
  last: number | null
}

export interface Trend {
  id: string
  tag: string
  unit: string
  step: Step
  timezone: string
  items: TrendStep[]
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
const LENGTH = { '1h': HOUR, '24h': DAY, '7d': 7 * DAY } as const
/** The shortest that a step lasts, ms; the server counts the same way. */
const SHORTEST: Record<Step, number> = { minute: 60_000, hour: HOUR, day: DAY, month: 28 * DAY }
/** Steps that one answer of the server holds, at most. */
export const LIMIT = 10_080

/** Fine enough to see, few enough to draw: at most about 1500 steps. */
export function autoStep(length: number): Step {
  if (length <= DAY) return 'minute'
  if (length <= 31 * DAY) return 'hour'
  return length <= 1500 * DAY ? 'day' : 'month'
}

export function stepAllowed(step: Step, length: number): boolean {
  return Math.ceil(length / SHORTEST[step]) <= LIMIT
}

/** The step by hand where the period allows it, else the one that suits the period. */
export function chooseStep(byHand: string | undefined, length: number): Step {
  const step = STEPS.find((s) => s === byHand)
  return step && stepAllowed(step, length) ? step : autoStep(length)
}

export interface Range {
  start: Date
  end: Date
}

/** The time that is asked for; null while a free period is not (rightly) given. `from`, `to`: see {@link plantInstant}. */
export function rangeOf(period: Period, from: string, to: string, now: Date, timezone: string): Range | null {
  if (period !== 'free') return { start: new Date(now.getTime() - LENGTH[period]), end: now }
  const start = plantInstant(from, timezone)
  const end = plantInstant(to, timezone)
  return start && end && start < end ? { start, end } : null
}

/** The plant's wall clock read as if it were UTC, ms: charts draw it so, wherever the reader's computer stands. */
export function wallClock(at: Date, timezone: string): number {
  return Date.parse(`${plantDate(at, timezone)}T${plantTime(at, timezone)}Z`)
}

/** The moment at which the plant's clock shows `2026-11-28T14:05`; null for anything else. */
export function plantInstant(text: string, timezone: string): Date | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) return null
  const wall = Date.parse(`${text}:00Z`)
  if (Number.isNaN(wall)) return null
  let at = wall
  // twice: the offset at the first guess may be that of the other side of a change of clocks
  for (let i = 0; i < 2; i++) at -= wallClock(new Date(at), timezone) - wall
  return new Date(at)
}

/** What an input of type datetime-local shows for a moment. */
export function plantInput(at: Date, timezone: string): string {
  return `${plantDate(at, timezone)}T${plantTime(at, timezone).slice(0, 5)}`
}

export interface Shape {
  /** steps with figures */
  points: number
  /** steps without */
  gaps: number
  /** unbroken runs of steps with figures */
  runs: number
  /** indices of steps with figures between two gaps: a line would not show them */
  alone: ReadonlySet<number>
}

export function shapeOf(items: readonly TrendStep[]): Shape {
  const alone = new Set<number>()
  let points = 0
  let runs = 0
  items.forEach((item, i) => {
    if (isGap(item)) return
    points += 1
    const before = items[i - 1]
    const after = items[i + 1]
    const opens = !before || isGap(before)
    if (opens) runs += 1
    if (opens && (!after || isGap(after))) alone.add(i)
  })
  return { points, gaps: items.length - points, runs, alone }
}

export interface Limit {
  letter: 'LL' | 'L' | 'H' | 'HH'
  value: number
}

export function limitsOf(device: DeviceProperties): Limit[] {
  const all = [
    { letter: 'LL', value: device.limit_ll },
    { letter: 'L', value: device.limit_l },
    { letter: 'H', value: device.limit_h },
    { letter: 'HH', value: device.limit_hh },
  ] as const
  return all.flatMap(({ letter, value }) => (typeof value === 'number' ? [{ letter, value }] : []))
}

/** The vertical axis: everything drawn and every limit lies inside, so that the distance to a limit can be seen. */
export function bounds(items: readonly TrendStep[], limits: readonly Limit[]): [number, number] {
  let low = Infinity
  let high = -Infinity
  const take = (value: number | null): void => {
    if (value === null) return
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  for (const item of items) {
    take(item.min)
    take(item.max)
  }
  for (const limit of limits) take(limit.value)
  if (low > high) return [0, 1]
  const margin = (high - low || Math.abs(high) || 1) * 0.06
  return [low - margin, high + margin]
}
