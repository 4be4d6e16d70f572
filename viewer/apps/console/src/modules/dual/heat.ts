/** What a zone's completion is called, best first; `none`: nothing was due. */
export const HEAT = ['full', 'most', 'some', 'few', 'none'] as const
export type Heat = (typeof HEAT)[number]

/** Completion of counts by state: done of what was due; what waits or was suspended doesn't count. */
export function heatOf(counts: Record<string, number>): { done: number; overdue: number; rate: number | null; heat: Heat } {
  const done = counts['done'] ?? 0
  const overdue = counts['overdue'] ?? 0
  const rate = done + overdue ? done / (done + overdue) : null
  const heat = rate === null ? 'none' : rate === 1 ? 'full' : rate >= 0.9 ? 'most' : rate >= 0.7 ? 'some' : 'few'
  return { done, overdue, rate, heat }
}
