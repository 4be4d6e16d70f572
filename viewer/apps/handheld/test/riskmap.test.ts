import { attributesOf, headOf, levelSpans, sectionRows } from '@twin/ui'
import { describe, expect, it } from 'vitest'
import { ageOf } from '../src/modules/riskmap/age'
import { sorted, type CardRef } from '../src/modules/riskmap/cards'

const at = (ms: number): string => new Date(ms).toISOString()

describe('the strip of a zone', () => {
  it('shows the present level all along where nothing changed', () => {
    expect(levelSpans([], 3, 0, 100)).toEqual([{ from: 0, to: 100, level: 3 }])
  })

  it('joins changes of cause alone and starts with what was before', () => {
    const changes = [
      { at: at(80), before: 2, after: 4 },
      { at: at(60), before: 2, after: 2 },
      { at: at(40), before: 4, after: 2 },
    ]
    expect(levelSpans(changes, 4, 0, 100)).toEqual([
      { from: 0, to: 40, level: 4 },
      { from: 40, to: 80, level: 2 },
      { from: 80, to: 100, level: 4 },
    ])
  })

  it('takes the last change before the window as its start', () => {
    expect(levelSpans([{ at: at(-5), before: 4, after: 1 }], 1, 0, 10)).toEqual([{ from: 0, to: 10, level: 1 }])
  })
})

describe('rows of modules', () => {
  const texts = { t: (key: string) => `<${key}>`, te: (key: string) => key.endsWith('.alarms') }

  it('are named, and by their key where nobody has named them', () => {
    const rows = sectionRows({ alarms: { total: 7, items: [{ title: 'a' }] }, moon: { items: [1, { name: 'b' }] } }, texts)
    expect(rows.map((r) => [r.title, r.total, r.items.length])).toEqual([
      ['<riskmap.section.alarms>', 7, 1],
      ['moon', 1, 1],
    ])
    expect(headOf({ code: 'X', name: 'n' })).toEqual(['name', 'n'])
  })

  it('say codes in words, of their own section first, and moments in plant time', () => {
    const words = ['riskmap.value.hazards.level.1', 'riskmap.value.level.1', 'riskmap.value.level.2']
    const spoken = { t: (key: string) => key.replace('riskmap.', ''), te: (key: string) => words.includes(key) }
    const row = { id: 7, level: 1, at: '2026-11-29T01:02:03+00:00', note: '', gone: null, name: 'n' }
    const rows = attributesOf(row, spoken, { without: ['id', 'name'], section: 'hazards', timezone: 'Asia/Shanghai' })
    expect(rows).toEqual([
      ['level', 'value.hazards.level.1'],
      ['at', '2026-11-29 09:02:03'],
    ])
    expect(attributesOf({ level: 2 }, spoken, { section: 'hazards' })).toEqual([['level', 'value.level.2']])
    expect(attributesOf({ level: 3 }, spoken)).toEqual([['level', '3']])
  })
})

describe('the age of kept answers', () => {
  it('is said in the unit that fits', () => {
    expect([ageOf(59 * 60_000), ageOf(3 * 3_600_000), ageOf(3 * 86_400_000)]).toEqual([
      { key: 'minutes', n: 59 },
      { key: 'hours', n: 3 },
      { key: 'days', n: 3 },
    ])
  })
})

describe('cards of posts', () => {
  const card = (zone: string, post: string): CardRef => ({ id: zone + post, zone, zone_name: `区 ${zone}`, kind: 'post', post, title: '', version: 1, updated_at: at(0) })
  const all = [card('Z-2', '外操'), card('Z-1', '内操'), card('Z-1', '外操')]
  const names = (cards: readonly CardRef[]): string[] => cards.map((c) => `${c.zone} ${c.post}`)

  it('begin with those of my post', () => {
    const { mine, others } = sorted(all, '外操', '')
    expect([names(mine), names(others)]).toEqual([['Z-1 外操', 'Z-2 外操'], ['Z-1 内操']])
  })

  it('are found by post and zone; without a post of my own none is mine', () => {
    const { mine, others } = sorted(all, '', 'z-1')
    expect([names(mine), names(others)]).toEqual([[], ['Z-1 内操', 'Z-1 外操']])
  })
})
