import { describe, expect, it } from 'vitest'
import { proofOf, strokesFor } from '../src/live'
import { complete, markOf, outside } from '../src/modules/inspections/work'

const line = (result: 0 | 1 | 2 | undefined, reading = '', note = '') => ({ result, reading, note, photos: [] })

describe('a line of a checklist', () => {
  const limits = { low: 0.2, high: 1.6 }
  it('is complete when the server would take it', () => {
    expect(complete({ low: null, high: null }, line(0))).toBe(true)
    expect(complete({ low: null, high: null }, line(undefined))).toBe(false)
    expect(complete({ low: null, high: null }, line(1))).toBe(false) // a hazard says what is wrong
    expect(complete(limits, line(0, ''))).toBe(false)
    expect(complete(limits, line(0, '9'))).toBe(false)
    expect(complete(limits, line(1, '9', 'too high'))).toBe(true)
    expect(complete(limits, line(2, '', 'under repair'))).toBe(true)
  })
  it('knows its limits', () => {
    expect([outside(limits, '0.1'), outside(limits, '0.2'), outside(limits, '1.7'), outside(limits, '')]).toEqual([true, false, true, false])
  })
})

describe('a task', () => {
  const task = { status: 'waiting', starts_at: '2026-11-28T08:00:00Z', due_at: '2026-11-28T16:00:00Z' }
  it('says how urgent it is', () => {
    const at = (time: string): string => markOf(task, Date.parse(`2026-11-28T${time}:00Z`))
    expect([at('07:59'), at('08:00'), at('15:30'), at('16:00')]).toEqual(['later', 'waiting', 'soon', 'overdue'])
  })
})

describe('live photos and signatures', () => {
  it('prove a picture as the server does', async () => {
    // hmac.new(b'abc', hashlib.sha256(b'hello').hexdigest().encode(), 'sha256').hexdigest()
    expect(await proofOf('abc', new TextEncoder().encode('hello').buffer)).toBe('e470e743850e7629a33fcd8f46c82e834a032068ed97154b476c8f1d7728d434')
  })
  it('keep strokes within the field and within what the server takes', () => {
    const long = Array.from({ length: 5000 }, (_, i): [number, number] => [i / 5000, 2])
    const made = strokesFor([[[0.5, 0.5]], long])
    expect(made).toHaveLength(1)
    expect(made[0]?.length).toBeLessThanOrEqual(2000)
    expect(made[0]?.[0]).toEqual([0, 1])
  })
})
