import { describe, expect, it } from 'vitest'
import { hours, partAt, ticks, type Line } from '../src/modules/riskmap/changes'
import messages from '../src/modules/riskmap/messages'
import { fixesThen, namedFirst, valuesThen, type Then } from '../src/stores/then'

describe('a time line', () => {
  const begin = Date.UTC(2026, 10, 28, 12)
  const part = (minute: number, level: number | null, grade: number | null) => ({
    at: new Date(begin + minute * 60_000).toISOString(),
    changes: level === null ? 0 : 1,
    level,
    alarms: grade === null ? 0 : 2,
    grade,
  })
  const line: Line = {
    start: new Date(begin).toISOString(),
    end: new Date(begin + 86_400_000).toISOString(),
    step: 300,
    parts: [part(0, 2, null), part(5, null, 3), part(600, 1, 4)],
  }

  it('has a stroke in the middle of each piece in which something happened', () => {
    expect(ticks(line, 'level')).toEqual([
      { at: begin + 150_000, rank: 2 },
      { at: begin + 36_150_000, rank: 1 },
    ])
    expect(ticks(line, 'grade').map((tick) => tick.rank)).toEqual([3, 4])
    expect(ticks(undefined, 'level')).toEqual([])
  })

  it('tells what happened at the time under the pointer', () => {
    expect(partAt(line, begin + 599_999)).toBe(line.parts[1])
    expect(partAt(line, begin + 600_000)).toBeUndefined()
    expect(partAt(undefined, begin)).toBeUndefined()
  })

  it('names the hours of the plant, and midnight by its date', () => {
    const texts = (zone: string) => hours(begin, begin + 43_200_000, zone).map((hour) => hour.text)
    expect(texts('Asia/Shanghai')).toEqual(['21:00', '11-29', '03:00', '06:00'])
    expect(hours(begin, begin + 43_200_000, 'Asia/Kathmandu')[0]).toEqual({ at: begin + 900_000, text: '18:00' })
  })
})

describe('a past second', () => {
  const at = Date.UTC(2026, 10, 24, 6, 5)
  const point = (id: string, ago: number | undefined, quality: 'good' | 'bad' = 'good') => ({
    id,
    value: quality === 'good' ? 1.5 : null,
    quality,
    ts: ago === undefined ? null : new Date(at - ago * 1000).toISOString(),
  })
  const then = (over: Partial<Then>): Then => ({ at, positions: undefined, points: undefined, alarms: undefined, ...over })

  it('gives every value with its own time, and what was old then does not look fresh', () => {
    const points = [point('new', 5), point('old', 3600), point('bad', 7200, 'bad'), point('never', undefined, 'bad')]
    expect(valuesThen(then({ points })).map((v) => [v.id, v.v, v.q, v.ts === null ? null : at / 1000 - v.ts])).toEqual([
      ['new', 1.5, 'good', 5],
      ['old', 1.5, 'uncertain', 3600],
      ['bad', null, 'bad', 7200],
      ['never', null, 'bad', null],
    ])
  })

  it('is empty, never live, where it could not be read', () => {
    expect(valuesThen(undefined)).toEqual([])
    expect(valuesThen(then({}))).toEqual([])
    expect(fixesThen(undefined).size).toBe(0)
    expect(fixesThen(then({})).size).toBe(0)
  })

  it('asks about points of safety first where it has to name them', () => {
    const device = (id: string, safety: boolean) => ({ id, properties: { safety } })
    expect(namedFirst([device('a', false), device('b', true), device('c', false)], 2)).toEqual(['b', 'a'])
  })

  it('names in both languages what is missing', () => {
    expect(Object.keys(messages.en.part)).toEqual(Object.keys(messages['zh-CN'].part))
  })
})
