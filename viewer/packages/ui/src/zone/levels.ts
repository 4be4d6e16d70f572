import { isRiskLevel } from '../risk'
import type { RiskLevel } from '../tokens'

export interface LevelChange {
  at: string
  before: number
  after: number
}

const KINDS = ['plant', 'area', 'unit', 'place']

/** What lies on what on a map: the smaller kinds of zones, with higher numbers, on the wider ones. */
export function zoneOrder(kind: unknown): number {
  const at = KINDS.indexOf(String(kind))
  return at < 0 ? KINDS.indexOf('unit') : at
}

/** A time, ms since 1970, in which a zone showed one level. */
export interface LevelSpan {
  from: number
  to: number
  level: RiskLevel
}

/** What a zone showed between two times, oldest first. `changes` in any order; without one it showed `level` all along. */
export function levelSpans(changes: readonly LevelChange[], level: number, from: number, to: number): LevelSpan[] {
  const known = (value: number): RiskLevel => (isRiskLevel(value) ? value : 4)
  const rows = changes
    .map(({ at, before, after }) => ({ at: Date.parse(at), before, after }))
    .filter((row) => row.at <= to)
    .sort((a, b) => a.at - b.at)
  const inside = rows.filter((row) => row.at > from)
  const earlier = rows.filter((row) => row.at <= from).at(-1)
  const spans: LevelSpan[] = [{ from, to, level: known(earlier?.after ?? inside[0]?.before ?? level) }]
  for (const row of inside) {
    const last = spans.at(-1)
    if (!last || last.level === row.after) continue // only its cause changed
    last.to = row.at
    spans.push({ from: row.at, to, level: known(row.after) })
  }
  return spans.filter((span) => span.to > span.from)
}
