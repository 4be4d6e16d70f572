import { describe, expect, it } from 'vitest'
import en from '../src/modules/people/en'
import zh from '../src/modules/people/zh'
import { readAllowed, readSchedule, writeAllowed, writeSchedule } from '../src/modules/people/rules'

const keys = (o: object, at = ''): string[] => Object.entries(o).flatMap(([k, v]) => (typeof v === 'object' ? keys(v as object, `${at}${k}.`) : [at + k]))

describe('people', () => {
  it('has every text in both languages', () => {
    expect(keys(en).sort()).toEqual(keys(zh).sort())
  })

  it('writes the texts of fences as the server reads them', () => {
    const nobody = { classes: [], departments: [], persons: [], duties: [], vehicles: [] }
    expect(writeAllowed(nobody)).toBeNull()
    expect(readAllowed('')).toEqual(nobody)
    const some = { ...nobody, classes: ['contractor'], persons: ['P-0001'] }
    expect(readAllowed(writeAllowed(some) ?? '')).toEqual(some)
    expect(writeSchedule({ days: [], from: '', to: '' })).toBeNull()
    expect(writeSchedule({ days: [5, 1], from: '08:00', to: '' })).toBe('{"weekly":[{"from":"08:00","to":"24:00","days":[1,5]}]}')
    expect(readSchedule('{"weekly":[{"days":[1,2],"from":"08:00","to":"17:00"}]}')).toEqual({ days: [1, 2], from: '08:00', to: '17:00', simple: true })
  })

  it('leaves a schedule alone that a form cannot hold', () => {
    expect(readSchedule('{"weekly":[{"from":"08:00","to":"09:00"},{"from":"10:00","to":"11:00"}]}').simple).toBe(false)
    expect(readSchedule('{"off":["2026-10-01"]}').simple).toBe(false)
    expect(readSchedule('not json').simple).toBe(true)
  })
})
