import type { Badge } from '@twin/scene'
import type { FenceNow } from './store'

/** The broken fence carries the colour of its grade, beside the number. */
export function fenceBadge(now: FenceNow, grade: unknown): Badge {
  const text = `${now.count}${now.limit ? `/${now.limit}` : ''}${now.vehicles ? ` +${now.vehicles}` : ''}`
  if (now.alarms.length > 0) return { text, tone: grade === 1 || grade === 2 || grade === 4 ? grade : 3 }
  return { text, tone: now.stale > 0 ? 'stale' : 'normal' }
}
