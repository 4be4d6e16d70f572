import { describe, expect, it } from 'vitest'
import { bodyOf, draftOf, faultsIn, rate, sumText, type AssessedRow, type Dictionary } from '../src/modules/chemicals/chemicals'
import { countable, emptyLine, unitBody, unitDraft } from '../src/modules/chemicals/major'

const dictionary: Dictionary = {
  source: '',
  named: [{ key: 'nh3', zh: '氨', en: 'Ammonia', q: 10, beta: 2 }, { key: 'lpg', zh: '液化石油气', en: 'LPG', q: 50, beta: null }],
  classes: [{ key: 'W2', zh: '', en: '', q: null, beta: 1.5 }],
} // prettier-ignore

describe('form of a chemical', () => {
  it('sends numbers as numbers and what is empty as null', () => {
    const draft = draftOf()
    Object.assign(draft.text, { name: ' 液氨 ', density: '0.61', lel: ' ' })
    expect(bodyOf(draft)).toMatchObject({ name: '液氨', density: 0.61, lel: null, roles: ['raw'], sds_id: null })
  })

  it('finds Q and beta as the server does: named, else class, else entered', () => {
    const draft = { ...draftOf(), entry: 'lpg', category: 'W2' }
    expect(rate(draft, dictionary)).toEqual({ q: 50, q_from: 'named:lpg', beta: 1.5, beta_from: 'classes:W2' })
    draft.entry = ''
    draft.text['own_q'] = '10'
    expect(rate(draft, dictionary)).toMatchObject({ q: 10, q_from: 'entered' })
    expect(rate(draftOf(), dictionary)).toEqual({ q: null, q_from: '', beta: null, beta_from: '' })
  })

  it('names what is wrong before it is sent', () => {
    const draft = { ...draftOf(), roles: [] }
    Object.assign(draft.text, { cas: '12', density: '0', lel: 'x', uel: '101', flash_point: '-28' })
    expect(faultsIn(draft).map((f) => [f.where, f.key])).toEqual([['cas', 'cas'], ['roles', 'roles'], ['density', 'range'], ['lel', 'number'], ['uel', 'range']]) // prettier-ignore
    expect(faultsIn(draftOf())).toEqual([])
  })
})

describe('formula', () => {
  it('is written out with numbers, and says how many terms are not shown', () => {
    const row = { design_t: 12, now_t: 3, q: 5, beta: 2 } as AssessedRow
    expect(sumText([row, row, row], 'design', true, 2)).toEqual({ terms: '2×12/5 + 2×12/5', more: 1 })
    expect(sumText([row], 'now', false)).toEqual({ terms: '3/5', more: 0 })
    expect(sumText([], 'now', false).terms).toBe('0')
  })
})

describe('the form of a major-hazard unit', () => {
  const unit = {
    id: 'u', version: 2, updated_at: '', name: '罐组', name_en: '', kind: 'tank_farm', zone_code: 'Z-11', residents: 12, result: null, faults: [],
    lines: [{ chemical_id: 'c', place: '', tank_code: 'V-1', filling: 0.9, level_tag: 'LI-1', design_t: null, current_t: null }, { chemical_id: 'd', place: '东格', tank_code: null, filling: null, level_tag: null, design_t: 12, current_t: 3 }],
  } as unknown as NonNullable<Parameters<typeof unitDraft>[0]> // prettier-ignore

  it('sends back what it was given, each line as its kind', () => {
    expect(unitBody(unitDraft(unit)).lines).toEqual([
      { chemical_id: 'c', place: '', tank_code: 'V-1', filling: 0.9, level_tag: 'LI-1', current_t: null },
      { chemical_id: 'd', place: '东格', design_t: 12, current_t: 3 },
    ])
  })

  it('counts only the lines that are complete and knows where they stand', () => {
    const draft = unitDraft(unit)
    draft.lines.unshift(emptyLine('tank'), { ...emptyLine('goods'), chemical_id: 'd' })
    expect(countable(draft).map((c) => c.at)).toEqual([2, 3])
    Object.assign(draft.lines[2] ?? {}, { filling: '1.2' })
    expect(countable(draft).map((c) => c.at)).toEqual([3])
  })
})
