import type { Schema } from '@twin/api'
import type { Badge, Grade } from '@twin/scene'
import { gradeOf, held, unseen } from '@twin/ui'
import type { PointValue } from '../../stores/plant'

/** An alarm as the hub's topic `alarms` and GET /api/alarms give it. */
export type Alarm = Schema<'AlarmOut'>
export const GRADES: readonly Grade[] = [1, 2, 3, 4]

export interface AlarmSums {
  /** standing and not held back, by grade */
  grades: Record<Grade, number>
  unseen: number
  /** gone, its handling result still to be written */
  owed: number
  held: number
}

export function sumsOf(alarms: Iterable<Alarm>): AlarmSums {
  const sums: AlarmSums = { grades: { 1: 0, 2: 0, 3: 0, 4: 0 }, unseen: 0, owed: 0, held: 0 }
  for (const a of alarms) {
    if (held(a)) sums.held += 1
    else if (a.active) sums.grades[gradeOf(a)] += 1
    else sums.owed += 1
    if (unseen(a)) sums.unseen += 1
  }
  return sums
}

export interface AlarmMark {
  layer: string
  id: string
  grade: Grade
}

/** The marks on the model: the worst standing alarm of each thing. */
export function marksOf(alarms: Iterable<Alarm>): Map<string, AlarmMark> {
  const out = new Map<string, AlarmMark>()
  for (const a of alarms) {
    if (!a.active || held(a) || !a.subject_layer || !a.subject_id) continue
    const key = `${a.subject_layer}/${a.subject_id}`
    const grade = gradeOf(a)
    const known = out.get(key)
    if (!known || grade < known.grade) out.set(key, { layer: a.subject_layer, id: a.subject_id, grade })
  }
  return out
}

/** Whole units that have passed: what a glance needs beside the exact time. */
export function ageOf(ms: number): { unit: 's' | 'min' | 'h' | 'd'; n: number } {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s < 60) return { unit: 's', n: s }
  if (s < 3600) return { unit: 'min', n: Math.floor(s / 60) }
  if (s < 86_400) return { unit: 'h', n: Math.floor(s / 3600) }
  return { unit: 'd', n: Math.floor(s / 86_400) }
}

/** Rows of a long list that are in sight, and a few more; `top` px scrolled, `height` px seen, `row` px each. */
export function windowOf(total: number, top: number, height: number, row: number): { from: number; to: number } {
  const from = Math.max(0, Math.min(total, Math.floor(top / row) - 3))
  return { from, to: Math.min(total, Math.ceil((top + height) / row) + 3) }
}

/** Four significant digits: what an instrument of its kind can say. */
export const figure = (value: number | null | undefined): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : '—'

/** The value of a point as its sign shows it; what is not good never looks fresh. */
export function badgeOf(value: PointValue, unit: string, grade: Grade | undefined): Badge {
  const text = `${figure(value.v)}${value.v !== null && unit ? ` ${unit}` : ''}`
  return { text, tone: grade ?? (value.q === 'good' ? 'normal' : value.q === 'bad' ? 'bad' : 'stale') }
}
