import type { Schema } from '@twin/api'

export type Change = Schema<'LevelChange'>

/** Only where the colour changed; a new cause of the same colour is no change of the map. */
export const recoloured = (changes: readonly Change[]): Change[] => changes.filter((c) => c.before !== c.after)

/** Times of change, ms since 1970, oldest first, at most `most` of them and never two in the same place of the line. */
export function ticks(changes: readonly Change[], from: number, to: number, most: number): { at: number; level: number }[] {
  const places = new Map<number, { at: number; level: number }>()
  for (const change of recoloured(changes)) {
    const at = Date.parse(change.at)
    if (at < from || at > to) continue
    const place = Math.floor(((at - from) / (to - from)) * most)
    const known = places.get(place)
    if (!known || change.after < known.level) places.set(place, { at, level: change.after })
  }
  return [...places.values()].sort((a, b) => a.at - b.at)
}

/** The next change after, or the last one before, a time; undefined where there is none. */
export function neighbour(changes: readonly Change[], at: number, direction: 1 | -1): number | undefined {
  const times = recoloured(changes).map((c) => Date.parse(c.at)).sort((a, b) => a - b) // prettier-ignore
  return direction === 1 ? times.find((t) => t > at) : times.findLast((t) => t < at)
}
