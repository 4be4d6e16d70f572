import { describe, expect, it } from 'vitest'
import { cardBody, cardDraft, cardFaults } from '../src/modules/riskmap/cards'
import { bodyOf, draftOf, emptyDraft, faultsOf, freeKey, type Rule } from '../src/modules/riskmap/rule'

const rule: Rule = {
  key: 'gas_leak',
  title: '气体',
  title_zh: '气体',
  title_en: 'Gas',
  icon: 'gas',
  enabled: true,
  version: 3,
  updated_at: '2026-11-01T00:00:00Z',
  fed: true,
  body: {
    kind: 'alarm',
    where: [
      { name: 'device_kind', op: 'in', value: ['gas_toxic', 'gas_combustible'] },
      { name: 'grade', op: 'le', value: 2 },
      { name: 'overdue', op: 'eq', value: true },
    ],
    count: 2,
    window_s: 600,
    standing_s: 0,
    level: null,
    steps: 2,
    hold_s: 30,
    release_s: 120,
    zone_kinds: ['unit'],
    zones: ['Z-21'],
  },
}

describe('a rule in the form', () => {
  it('comes back as it was', () => {
    expect(bodyOf(draftOf(rule))).toEqual(rule.body)
  })

  it('shows minutes, and a level or steps', () => {
    const draft = draftOf(rule)
    expect([draft.window, draft.hold, draft.lift]).toEqual([10, 0.5, 's2'])
    draft.lift = 'l1'
    expect(bodyOf(draft)).toMatchObject({ level: 1, steps: 1 })
  })
})

describe('a new rule', () => {
  const good = { ...emptyDraft('alarm'), title_zh: '报警', title_en: 'Alarm' }
  const wrong = (change: object, names?: string[]): Record<string, string> =>
    Object.fromEntries(Object.entries(faultsOf({ ...good, ...change }, names)).map(([field, fault]) => [field, fault.key]))

  it('gets a name that no other has', () => {
    expect(freeKey([])).toBe('own_1')
    expect(freeKey(['own_1', 'gas_leak', 'own_2'])).toBe('own_3')
  })

  it('is refused only for what is wrong, beside the field', () => {
    expect(wrong({})).toEqual({})
    expect(wrong({ title_zh: ' ', title_en: 'x'.repeat(101) })).toEqual({ title_zh: 'empty', title_en: 'long' })
    expect(wrong({ count: 1.5, hold: '', release: 1441, window: -1 })).toEqual({ count: 'count', hold: 'minutes', release: 'minutes', window: 'minutes' })
    expect(wrong({ window: 10, standing: 5 })).toEqual({ standing: 'both' })
  })

  it('asks only for attributes that the facts have, and compares numbers with numbers', () => {
    const test = (name: string, op: string, value: string): object => ({ where: [{ name, op, value }] })
    expect(wrong(test('grade', 'le', '2'), ['grade'])).toEqual({})
    expect(wrong(test('colour', 'eq', '2'), ['grade'])).toEqual({ 'where.0': 'attribute' })
    expect(wrong(test('colour', 'eq', '2'))).toEqual({})
    expect(wrong(test('grade', 'le', 'two'), ['grade'])).toEqual({ 'where.0': 'number' })
    expect(wrong(test('grade', 'in', ' , '), ['grade'])).toEqual({ 'where.0': 'value' })
  })
})

describe('a card in the form', () => {
  const content = { title: '应急卡', sections: [{ heading: '危险', lines: ['氢气', '高温'] }], phones: [{ name: '值班室', phone: '0317-5550100' }] }

  it('comes back as it was, without empty lines', () => {
    const draft = cardDraft(content, 3)
    expect(cardBody(draft)).toEqual({ ...content, version: 3 })
    const [part] = draft.sections
    if (part) part.text += '\n\n  火灾 '
    expect(cardBody(draft).sections[0]?.lines).toEqual(['氢气', '高温', '火灾'])
  })

  it('says what is wrong by field', () => {
    const draft = cardDraft(content, 0)
    expect(cardFaults(draft)).toEqual({})
    draft.title = ' '
    draft.sections.push({ heading: '措施', text: '' }, { heading: '处置', text: 'x\n'.repeat(31) })
    draft.phones.push({ name: '', phone: 'ask him' })
    expect(cardFaults(draft)).toEqual({ title: 'empty', 'section.1': 'empty', 'section.2': 'lines', 'phone.1': 'phone' })
    expect(cardFaults({ ...draft, title: 'a', sections: [], phones: [] })).toEqual({ sections: 'sections' })
  })
})
