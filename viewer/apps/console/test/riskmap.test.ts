import { describe, expect, it } from 'vitest'
import { bodyOf, draftOf, type Rule } from '../src/modules/riskmap/rule'

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
