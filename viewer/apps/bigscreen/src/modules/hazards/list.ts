import type { Feature } from '@twin/api'
import type { Mover } from '@twin/scene'

export const isOpen = (h: Feature): boolean => h.properties['status'] !== 'closed' && h.properties['status'] !== 'dismissed'

const left = (h: Feature): number => (typeof h.properties['days_left'] === 'number' ? h.properties['days_left'] : Infinity)

/** Overdue ones first, then major ones, then what has least time left. */
export function compareHazards(a: Feature, b: Feature): number {
  const flag = (h: Feature, name: string): number => (h.properties[name] === true || h.properties[name] === 1 ? 0 : 1)
  const [la, lb] = [left(a), left(b)]
  return flag(a, 'overdue') - flag(b, 'overdue') || flag(a, 'level') - flag(b, 'level') || (la === lb ? (a.properties.code < b.properties.code ? -1 : 1) : la < lb ? -1 : 1)
}

/** A hazard as something that stands still on the model. */
export function signOf(hazard: Feature): Mover | undefined {
  const { type, coordinates } = hazard.geometry as { type: string; coordinates: number[] }
  const [lon, lat, h = 0] = coordinates
  if (type !== 'Point' || lon === undefined || lat === undefined) return undefined
  return { id: hazard.id, lon, lat, h, glyph: 'hazard', hue: 'sand', label: hazard.properties.name, state: 'good', t: Date.parse(hazard.properties.updated_at ?? '') || 0 }
}
