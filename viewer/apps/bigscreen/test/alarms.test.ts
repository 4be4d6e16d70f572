import { describe, expect, it } from 'vitest'
import { announcement, compareAlarms, FLOOD, overdue, TONES } from '@twin/ui'
import { ageOf, badgeOf, marksOf, sumsOf, windowOf, type Alarm } from '../src/modules/alarms/list'
import { sparkOf } from '../src/modules/alarms/spark'

const alarm = (change: Partial<Alarm>): Alarm =>
  ({
    id: 'a', grade: 2, status: 'unacknowledged', active: true, at: '2026-11-28T10:00:00Z', title: '', subject_layer: 'device', subject_id: 'd', ...change,
  }) as Alarm // prettier-ignore

describe('open alarms', () => {
  it('puts what needs a hand first, then the grade, then the newest', () => {
    const list = [
      alarm({ id: 'held', grade: 1, status: 'shelved' }),
      alarm({ id: 'gone', grade: 1, status: 'returned', active: false }),
      alarm({ id: 'seen', grade: 1, status: 'acknowledged' }),
      alarm({ id: 'old', grade: 2, at: '2026-11-28T09:00:00Z' }),
      alarm({ id: 'new', grade: 2 }),
      alarm({ id: 'red', grade: 1 }),
    ]
    expect(list.sort(compareAlarms).map((a) => a.id)).toEqual(['red', 'new', 'old', 'seen', 'gone', 'held'])
  })

  it('counts by grade what stands, and apart what is owed or held back', () => {
    const sums = sumsOf([
      alarm({ grade: 1 }),
      alarm({ grade: 4, status: 'acknowledged' }),
      alarm({ grade: 1, active: false, status: 'returned_unacknowledged' }),
      alarm({ grade: 1, status: 'shelved' }),
    ])
    expect(sums).toEqual({ grades: { 1: 1, 2: 0, 3: 0, 4: 1 }, unseen: 2, owed: 1, held: 1 })
  })

  it('marks a thing by its worst standing alarm and nothing that is gone or held back', () => {
    const marks = marksOf([
      alarm({ grade: 3 }),
      alarm({ grade: 1 }),
      alarm({ grade: 1, subject_id: 'gone', active: false }),
      alarm({ grade: 1, subject_id: 'held', status: 'suppressed' }),
      alarm({ grade: 1, subject_id: null }),
    ])
    expect([...marks.values()]).toEqual([{ layer: 'device', id: 'd', grade: 1 }])
  })

  it('draws only the rows in sight of a flood', () => {
    const { from, to } = windowOf(5000, 90 * 1000, 450, 90)
    expect(from).toBe(997)
    expect(to).toBeLessThan(1010)
    expect(windowOf(2, 0, 450, 90)).toEqual({ from: 0, to: 2 })
    expect(windowOf(0, 900, 450, 90)).toEqual({ from: 0, to: 0 })
  })

  it('brings back what nobody has taken until somebody does', () => {
    const late = alarm({ escalated_at: '2026-11-28T10:05:00Z' })
    expect(overdue(late)).toBe(true)
    expect(overdue(alarm({ escalated_at: null }))).toBe(false)
    expect(overdue({ ...late, acknowledged_at: '2026-11-28T10:01:00Z' })).toBe(true) // unhandled for too long
    expect(overdue({ ...late, acknowledged_at: '2026-11-28T10:06:00Z' })).toBe(false)
    expect(overdue({ ...late, handled_at: '2026-11-28T10:06:00Z' })).toBe(false)
    expect(overdue({ ...late, active: false })).toBe(false)
    expect(overdue({ ...late, status: 'shelved' })).toBe(false)
  })

  it('says ages in one unit', () => {
    expect(ageOf(-5)).toEqual({ unit: 's', n: 0 })
    expect(ageOf(59_999)).toEqual({ unit: 's', n: 59 })
    expect(ageOf(3_600_000)).toEqual({ unit: 'h', n: 1 })
    expect(ageOf(200_000_000)).toEqual({ unit: 'd', n: 2 })
  })
})

describe('sound', () => {
  it('is longer and faster the graver the alarm', () => {
    expect(TONES[1].length).toBeGreaterThan(TONES[2].length)
    expect(TONES[2].length).toBeGreaterThan(TONES[4].length)
  })

  it('speaks each of a few and one of a flood with the number of the rest', () => {
    expect(announcement([])).toBeUndefined()
    expect(announcement([alarm({})])?.more).toBe(0)
    expect(announcement(Array.from({ length: FLOOD + 1 }, (_, i) => alarm({ id: String(i) })))).toMatchObject({
      alarm: { id: '0' },
      more: FLOOD,
    })
  })
})

describe('values and trends', () => {
  it('never shows what is not good as if it were', () => {
    const value = { id: 'd', v: 1.23456, q: 'good' as const, ts: 1 }
    expect(badgeOf(value, 'MPa', undefined)).toEqual({ text: '1.235 MPa', tone: 'normal' })
    expect(badgeOf({ ...value, q: 'bad', v: null }, 'MPa', undefined)).toEqual({ text: '—', tone: 'bad' })
    expect(badgeOf(value, '', 1)).toEqual({ text: '1.235', tone: 1 })
  })

  it('leaves gaps open and knows when there is nothing', () => {
    const step = (avg: number | null) => ({ start: '', count: 1, bad: 0, min: avg, max: avg, avg, last: avg })
    expect(sparkOf([step(null)], 100, 50)).toBeUndefined()
    const spark = sparkOf([step(1), step(2), step(null), step(3), step(4)], 100, 50, [5, 1000])
    expect(spark).toMatchObject({ gaps: 1, points: 4, low: 1, high: 4 })
    expect(spark?.line.match(/M/g)).toHaveLength(2)
    expect(spark?.y(5)).toBeGreaterThan(0) // a near limit is in the picture
    expect(spark?.y(1000)).toBeLessThan(0)
  })
})
