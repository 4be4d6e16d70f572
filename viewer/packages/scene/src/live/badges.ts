import type { Badge, FeatureRef } from '../types'

/** A badge on the screen, px, and its distance from the camera, m. */
export interface BadgeSpot {
  ref: FeatureRef
  badge: Badge
  x: number
  y: number
  distance: number
  /** its sign is not drawn at this distance: others stand for it */
  crowded: boolean
}

export interface BadgeCluster {
  x: number
  y: number
  of: FeatureRef[]
  count: number
  /** the worst of its badges */
  tone: Badge['tone']
  alarming: number
}

/** Values are read up to here, counts up to there, m; farther away only alarm marks stand. */
export const VALUE_FAR = 260
export const COUNT_FAR = 1100
const CELL = 88

const RANK: Record<string, number> = { '1': 0, '2': 1, '3': 2, '4': 3, bad: 4, stale: 5, normal: 6 }

export function worse(a: Badge['tone'], b: Badge['tone']): Badge['tone'] {
  return (RANK[String(a)] ?? 6) <= (RANK[String(b)] ?? 6) ? a : b
}

export function badgeRank(tone: Badge['tone']): number {
  return 60 - 8 * (RANK[String(tone)] ?? 6)
}

/** Which badges show their value and which are counted together. A spot alone in its cell keeps its value in the middle distance. */
export function groupBadges(spots: readonly BadgeSpot[], scale = 1): { values: BadgeSpot[]; clusters: BadgeCluster[] } {
  const values: BadgeSpot[] = []
  const cells = new Map<string, BadgeSpot[]>()
  const cell = CELL * scale
  for (const spot of spots) {
    if (spot.distance <= VALUE_FAR && !spot.crowded) values.push(spot)
    else if (spot.distance <= COUNT_FAR) {
      const key = `${Math.floor(spot.x / cell)}:${Math.floor(spot.y / cell)}`
      const list = cells.get(key)
      if (list) list.push(spot)
      else cells.set(key, [spot])
    }
  }
  const clusters: BadgeCluster[] = []
  for (const list of cells.values()) {
    const [first] = list
    if (list.length === 1 && first && !first.crowded) {
      values.push(first)
      continue
    }
    clusters.push({
      x: list.reduce((sum, s) => sum + s.x, 0) / list.length,
      y: list.reduce((sum, s) => sum + s.y, 0) / list.length,
      of: list.map((s) => s.ref),
      count: list.length,
      tone: list.reduce<Badge['tone']>((tone, s) => worse(tone, s.badge.tone), 'normal'),
      alarming: list.filter((s) => typeof s.badge.tone === 'number').length,
    })
  }
  return { values, clusters }
}
