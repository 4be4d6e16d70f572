import { describe, expect, it } from 'vitest'
import { neighbour, recoloured, ticks, type Change } from '../src/modules/riskmap/changes'
import messages from '../src/modules/riskmap/messages'
import { fixesThen, namedFirst, valuesThen, type Then } from '../src/stores/then'

const change = (at: number, before: 1 | 2 | 3 | 4, after: 1 | 2 | 3 | 4): Change => ({
  zone: 'Z',
  at: new Date(at).toISOString(),
  before,
  after,
  own: after,
  child: null,
  override: false,
  rules: [],
})

describe('the line of the time machine', () => {
  const changes = [change(900, 2, 4), change(510, 4, 2), change(505, 2, 1), change(300, 4, 4), change(100, 4, 2)]

  it('marks changes of colour only, the gravest of one place', () => {
    expect(recoloured(changes)).toHaveLength(4)
    expect(ticks(changes, 0, 1000, 10)).toEqual([
      { at: 100, level: 2 },
      { at: 505, level: 1 },
      { at: 900, level: 4 },
    ])
    expect(ticks(changes, 600, 1000, 10)).toEqual([{ at: 900, level: 4 }])
  })

  it('steps to the next and the last change', () => {
    expect(neighbour(changes, 505, 1)).toBe(510)
    expect(neighbour(changes, 505, -1)).toBe(100)
    expect(neighbour(changes, 900, 1)).toBeUndefined()
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
