import { describe, expect, it } from 'vitest'
import { neighbour, recoloured, ticks, type Change } from '../src/modules/riskmap/changes'

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
