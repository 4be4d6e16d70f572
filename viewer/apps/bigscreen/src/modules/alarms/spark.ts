import type { Trend } from '@twin/api'
import { isGap } from '@twin/ui'

export interface Spark {
  /** SVG path data of the mean, open at gaps */
  line: string
  /** the band from min to max */
  band: string
  low: number
  high: number
  gaps: number
  /** steps that hold a figure */
  points: number
}

type Step = Trend['items'][number]

/** A trend in a box of width x height; limits inside the range of twice the data stretch the scale. Undefined: no figures at all. */
export function sparkOf(
  items: readonly Step[],
  width: number,
  height: number,
  limits: readonly number[] = [],
): (Spark & { y: (v: number) => number }) | undefined {
  let [low, high, points, gaps] = [Infinity, -Infinity, 0, 0]
  items.forEach((s, i) => {
    if (isGap(s)) {
      if (i > 0 && !isGap(items[i - 1] as Step)) gaps += 1
      return
    }
    points += 1
    low = Math.min(low, s.min ?? low)
    high = Math.max(high, s.max ?? high)
  })
  if (points === 0) return undefined
  const span = high - low || Math.abs(high) || 1
  let [bottom, top] = [low, high]
  for (const limit of limits)
    if (limit >= low - 2 * span && limit <= high + 2 * span)
      [bottom, top] = [Math.min(bottom, limit), Math.max(top, limit)]
  const margin = (top - bottom || span) * 0.08
  bottom -= margin
  top += margin
  const x = (i: number): string => ((i / Math.max(1, items.length - 1)) * width).toFixed(1)
  const y = (v: number): number => height - ((v - bottom) / (top - bottom)) * height
  let line = ''
  let band = ''
  for (let i = 0; i < items.length;) {
    if (isGap(items[i] as Step)) {
      i += 1
      continue
    }
    const start = i
    while (i < items.length && !isGap(items[i] as Step)) i += 1
    const run = items.slice(start, i)
    const path = (pick: (s: Step) => number): string[] => run.map((s, n) => `${x(start + n)} ${y(pick(s)).toFixed(1)}`)
    line += `M${path((s) => s.avg ?? 0).join('L')}${run.length === 1 ? 'h1.5' : ''}`
    band += `M${path((s) => s.max ?? 0).join('L')}L${path((s) => s.min ?? 0)
      .reverse()
      .join('L')}Z`
  }
  return { line, band, low, high, gaps, points, y }
}
