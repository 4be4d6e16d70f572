import type { Schema } from '@twin/api'
import type { RiskLevel } from '@twin/ui'

type Aspect = Schema<'IndexAspect'>

export interface Band {
  level: RiskLevel
  /** from this value (inclusive) to that one, 0..100 */
  from: number
  to: number
}

/** The four bands from the worst to the best; an answer always has all three bounds. */
export const bandsOf = ({ orange, yellow, blue }: Required<Schema<'IndexBands'>>): Band[] => [
  { level: 1, from: 0, to: orange },
  { level: 2, from: orange, to: yellow },
  { level: 3, from: yellow, to: blue },
  { level: 4, from: blue, to: 100 },
]

/** What costs most first; what has no data last. */
export const worstFirst = (aspects: readonly Aspect[]): Aspect[] =>
  [...aspects].sort((a, b) => (a.score ?? Infinity) - (b.score ?? Infinity) || b.weight - a.weight)

export const figure = (value: number): string => String(Number(value.toFixed(1)))
