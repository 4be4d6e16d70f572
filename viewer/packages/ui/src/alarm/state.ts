import { isRiskLevel } from '../risk'
import type { RiskLevel } from '../tokens'

/** What every screen needs of an alarm (topic `alarms` of the hub, GET /api/alarms) to put it in order and to sound it. */
export interface AlarmState {
  id: string
  grade: number
  status: string
  active: boolean
  at: string
  title: string
  escalated_at?: string | null
  acknowledged_at?: string | null
  handled_at?: string | null
}

export const gradeOf = ({ grade }: Pick<AlarmState, 'grade'>): RiskLevel => (isRiskLevel(grade) ? grade : 4)
/** Nobody has seen it yet. */
export const unseen = ({ status }: Pick<AlarmState, 'status'>): boolean =>
  status === 'unacknowledged' || status === 'returned_unacknowledged'
/** Held back on purpose: not shown as new, no sound. */
export const held = ({ status }: Pick<AlarmState, 'status'>): boolean =>
  ['shelved', 'suppressed', 'out_of_service'].includes(status)
/** A rule has brought it back to the screens, and nobody has taken it since. */
export const overdue = (a: AlarmState): boolean =>
  !!a.escalated_at && !held(a) && a.active && !a.handled_at && (!a.acknowledged_at || a.acknowledged_at < a.escalated_at)

const rank = (a: AlarmState): number => (held(a) ? 3 : unseen(a) && a.active ? 0 : a.active ? 1 : 2)

/** What needs a hand first: unseen before seen before returned before held back; then by grade, then the newest. */
export function compareAlarms(a: AlarmState, b: AlarmState): number {
  return rank(a) - rank(b) || a.grade - b.grade || (a.at < b.at ? 1 : a.at > b.at ? -1 : a.id < b.id ? 1 : -1)
}

/** Which alarms are news to this screen: each once, and once more when it comes back because nobody took it. */
export class AlarmNews {
  private readonly told = new Set<string>()
  private first = true

  /** The news, the gravest first; what was there when the screen came up is none. */
  of<A extends AlarmState>(items: ReadonlyMap<string, A>): A[] {
    const fresh: A[] = []
    for (const alarm of items.values()) {
      const key = overdue(alarm) ? `${alarm.id}!` : alarm.id
      if (!this.told.has(key) && (unseen(alarm) || overdue(alarm)) && !held(alarm) && !this.first) fresh.push(alarm)
      this.told.add(key)
    }
    this.first = false
    if (this.told.size > items.size + 10_000)
      for (const key of this.told) if (!items.has(key.replace('!', ''))) this.told.delete(key)
    return fresh.sort(compareAlarms)
  }
}
