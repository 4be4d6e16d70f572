/** Steps of a trend as the server gives them. All figures null: a gap. */
interface Figures {
  min: number | null
  max: number | null
  avg: number | null
}

export const isGap = (step: Figures): boolean => step.avg === null || step.min === null || step.max === null

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Fine enough to see, few enough to draw, for a length in ms: by the second up to half an hour. */
export function stepFor(length: number): 'second' | 'minute' | 'hour' | 'day' {
  if (length <= HOUR / 2) return 'second'
  if (length <= 2 * DAY) return 'minute'
  return length <= 62 * DAY ? 'hour' : 'day'
}
