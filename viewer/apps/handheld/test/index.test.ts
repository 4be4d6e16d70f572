import type { Schema } from '@twin/api'
import { describe, expect, it } from 'vitest'
import { bandsOf, figure, worstFirst } from '../src/modules/index/bands'

describe('the index on a phone', () => {
  it('has four bands without a gap', () => {
    const bands = bandsOf({ orange: 60, yellow: 75, blue: 90 })
    expect(bands.map((b) => [b.level, b.from, b.to])).toEqual([[1, 0, 60], [2, 60, 75], [3, 75, 90], [4, 90, 100]]) // prettier-ignore
  })

  it('lists what is worst first and what has no data last', () => {
    const aspect = (key: string, score: number | null): Schema<'IndexAspect'> => ({ key, title: key, state: score === null ? 'no_module' : 'scored', score, weight: 0.1, share: 0, indicators: [] })
    expect(worstFirst([aspect('none', null), aspect('good', 97), aspect('bad', 0)]).map((a) => a.key)).toEqual(['bad', 'good', 'none'])
    expect(figure(73.26)).toBe('73.3')
  })
})
