import { ApiError } from '@twin/api'
import { describe, expect, it } from 'vitest'
import { assess, type Method } from '../src/modules/dual/dual'
import { bodyOf, draftOf, faultsOf, newerVersion } from '../src/modules/dual/forms'

const LS: Method = {
  zh: 'LS',
  en: 'LS',
  factors: [
    { key: 'L', zh: '', en: '', values: [1, 2, 3, 4, 5] },
    { key: 'S', zh: '', en: '', values: [1, 2, 3, 4, 5] },
  ],
  bands: [[20, 1], [15, 2], [9, 3], [0, 4]], // prettier-ignore
}

describe('forms of the register', () => {
  it('compute the level while the factors are chosen', () => {
    expect(assess(LS, { L: 3 })).toBeUndefined()
    expect(assess(LS, { L: 3, S: 5 })).toEqual({ score: 15, level: 2 })
    expect(assess(LS, { L: 6, S: 5 })).toBeUndefined()
  })

  it('send the fields of their kind and nothing else of the row', () => {
    const row = { id: 'a', version: 3, updated_by: 'x', code: 'U-1 ', name: ' Store', object_id: 'o', department: '', liable_person: '', zone_codes: ['Z1'], level: 2 }
    expect(bodyOf('units', draftOf('units', row))).toEqual({ object_id: 'o', code: 'U-1', name: 'Store', department: '', liable_person: '', zone_codes: ['Z1'] })
    expect(bodyOf('measures', draftOf('measures', { description: 'x', classify2: '3-2', data_src: 1 }))).toMatchObject({ classify1: 3, classify2: '3-2', data_src: 1 })
  })

  it('tell a change by somebody else from every other refusal', () => {
    expect(newerVersion(new ApiError(409, 'conflict', 'changed', { current: 4, given: 3 }))).toBe(4)
    expect(newerVersion(new ApiError(409, 'code_taken', 'taken', { where: 'U-1' }))).toBeUndefined()
    expect(faultsOf(new ApiError(409, 'code_taken', 'taken'))).toEqual([{ where: '', message: 'taken' }])
  })
})
