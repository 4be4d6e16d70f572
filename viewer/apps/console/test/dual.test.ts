import { ApiError } from '@twin/api'
import { describe, expect, it } from 'vitest'
import type { Feature } from '@twin/api'
import { offMap, worst } from '../src/modules/dual/distribution'
import { assess, type Method } from '../src/modules/dual/dual'
import { bodyOf, draftOf, faultsOf, newerVersion } from '../src/modules/dual/forms'
import { faultsInRows, pasted } from '../src/modules/dual/lists'
import { bodyOfPlan, draftOfPlan } from '../src/modules/dual/plan'

const LS: Method = {
  zh: 'LS',
  en: 'LS',
  factors: [
    { key: 'L', zh: '', en: '', values: [1, 2, 3, 4, 5] },
    { key: 'S', zh: '', en: '', values: [1, 2, 3, 4, 5] },
  ],
  bands: [[20, 1], [15, 2], [9, 3], [0, 4]], // prettier-ignore
}

describe('a new version of a code list', () => {
  it('takes cells as a spreadsheet copies them and leaves plain text alone', () => {
    expect(pasted('01\t物体打击\tStruck by object\r\n\r\n02\t车辆伤害\r\n')).toEqual([['01', '物体打击', 'Struck by object'], ['02', '车辆伤害', '']])
    expect(pasted('物体打击')).toBeUndefined()
  })

  it('says what is wrong by row', () => {
    const rows: [string, string, string][] = [['01', '甲', 'A'], ['01', '乙', 'B'], ['0 2', '丙', 'C'], ['03', '', 'D'], ['A-1', '戊', 'x'.repeat(301)]]
    expect([...faultsInRows(rows)]).toEqual([[1, 'twice'], [2, 'form'], [3, 'empty'], [4, 'long']])
  })
})

describe('risks on the plan', () => {
  const zone = (code: string, parent_code: string): Feature => ({ type: 'Feature', id: code, geometry: { type: 'Polygon', coordinates: [] }, properties: { code, parent_code, version: 1 } }) as unknown as Feature
  const zones = [zone('P', ''), zone('A', 'P'), zone('A1', 'A'), zone('B', 'P')]
  const unit = (id: string, level: number | null, ...zone_codes: string[]) => ({ id, level, zone_codes })

  it('give an area the worst level inside it, and no colour where no unit is', () => {
    expect([...worst(zones, [unit('1', 3, 'A1'), unit('2', 2, 'A1', 'gone'), unit('3', null, 'B')])]).toEqual([['P', 2], ['A', 2], ['A1', 2]])
  })

  it('leave no unit out silently', () => {
    expect(offMap(zones, [unit('1', 3, 'A1'), unit('2', 1), unit('3', 2, 'gone')]).map((u) => u.id)).toEqual(['2', '3'])
  })
})

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

describe('a plan in the form', () => {
  it('comes back as it was, whatever its period', () => {
    const base = { at: '08:00', every: 1, window_minutes: 60, weekdays: [], month_days: [], shifts: [], dates: [], hours: null }
    for (const rule of [
      { ...base, unit: 'hour', every: 4, hours: [8, 20] },
      { ...base, unit: 'week', weekdays: [1, 5] },
      { ...base, unit: 'month', month_days: [1, 15, -1] },
      { ...base, unit: 'shift', shifts: [['08:00', '16:00'], ['16:00', '00:00']] }, // prettier-ignore
      { ...base, unit: 'calendar', dates: ['2026-12-01', '2026-12-31'] },
    ]) {
      const body = { code: 'P', name: 'N', kind: 3, form: '', work_type: 1, task_num: 2, rule, work_day: 1, starts_on: '2026-11-01', ends_on: null, owner_id: null, post: 'leader', department: '', zone_codes: ['Z'], route: [], remind_minutes: 30, active: true }
      expect(bodyOfPlan(draftOfPlan({ ...body, id: 'i', version: 2, dispatched_to: null }, '2026-11-29'))).toEqual(body)
    }
  })

  it('is done by a person or a post, never both', () => {
    const draft = draftOfPlan(undefined, '2026-11-29')
    draft.who = 'a:u1'
    expect(bodyOfPlan(draft)).toMatchObject({ owner_id: 'u1', post: '' })
  })
})
