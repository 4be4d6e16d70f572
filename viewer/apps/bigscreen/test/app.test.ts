import { catalogueFaults } from '@twin/ui'
import { describe, expect, it } from 'vitest'
import { factsOf } from '../src/facts'
import { catalogue } from '../src/i18n/catalogue'
import en from '../src/i18n/en'
import zh from '../src/i18n/zh-CN'
import { LAYERS } from '../src/layers'
import { coveredArea, overlap, surveysOf } from '../src/tilesets'
import { parseHash, toHash } from '../src/url'

describe('texts', () => {
  it('are complete in both languages', () => {
    expect(catalogueFaults(catalogue)).toEqual({ missing: [], empty: [] })
  })

  it('are never mixed: no Chinese in the English ones', () => {
    const own = JSON.stringify({ ...en, tools: { ...en.tools, language: '' } })
    expect(own).not.toMatch(/[\u4e00-\u9fff]/)
  })

  it('name every layer', () => {
    for (const { key, group } of LAYERS) for (const k of [key, group]) expect(Object.keys(zh.layers)).toContain(k)
  })
})

describe('address', () => {
  it('says what is on the screen and is read back', () => {
    const state = {
      camera: { lon: 117.779959, lat: 38.359992, height: 310.5, heading: 12.5, pitch: -35 },
      layers: ['zone', 'camera'],
      selected: { layer: 'zone', code: 'Z-11 甲' },
      floor: 'BD-04-F1',
    }
    expect(parseHash(toHash(state))).toEqual(state)
  })

  it('names a person by id, and that the camera follows', () => {
    const state = {
      selected: { layer: 'people', code: '01a225bf-a755-7287-93c6-f885bd960983' },
      followed: true as const,
    }
    expect(parseHash(toHash(state))).toEqual(state)
    expect(toHash({ followed: true })).toBe('')
  })

  it('survives nonsense', () => {
    expect(parseHash('#follow=1')).toEqual({})
    expect(parseHash('#view=a,b&sel=zone&layers=<x>,zone&floor=')).toEqual({ layers: ['zone'] })
    expect(parseHash('')).toEqual({})
    expect(toHash({})).toBe('')
  })
})

describe('surveys', () => {
  const tileset = (name: string, date: string | null, west: number) =>
    ({ tileset: name, date, imported_at: '2026-11-01T00:00:00Z', bounds: [west, 0, west + 1, 1] }) as never

  it('of one place are versions of each other, the newest first; other places stand beside', () => {
    const groups = surveysOf([tileset('a', '2025-04-01', 0), tileset('far', null, 5), tileset('b', '2026-04-01', 0.2)])
    expect(groups.map((g) => g.map((one) => one.tileset))).toEqual([['far'], ['b', 'a']])
    expect(overlap([0, 0, 1, 1], [0.5, 0, 1.5, 1])).toBeCloseTo(0.5)
    expect(overlap([0, 0, 1, 1], [2, 0, 3, 1])).toBe(0)
  })

  it('say how much ground they cover', () => {
    const [east, north] = [100 / (111_320 * Math.cos((38 * Math.PI) / 180)), 50 / 111_320]
    const ring = [
      [117, 38],
      [117 + east, 38],
      [117 + east, 38 + north],
      [117, 38 + north],
      [117, 38],
    ]
    expect(coveredArea([ring])).toBeCloseTo(5000, 0)
    expect(coveredArea([ring, [...ring].reverse()])).toBeCloseTo(10_000, 0)
    expect(coveredArea([])).toBe(0)
  })
})

describe('facts', () => {
  const wording = { t: (key: string) => key, te: (key: string) => key === 'kind.gas_toxic', english: false }

  it('give a measuring point its range and limits with units', () => {
    const feature = {
      type: 'Feature' as const,
      id: '1',
      geometry: { type: 'Point' as const, coordinates: [0, 0] as [number, number] },
      properties: {
        code: 'GT-1',
        name: 'x',
        kind: 'gas_toxic',
        unit_text: 'ppm',
        range_low: 0,
        range_high: 100,
        limit_h: 10,
        limit_hh: 20,
        limit_l: null,
      },
    }
    expect(factsOf('device', feature, wording, '罐区')).toEqual([
      { label: 'card.kind', text: 'kind.gas_toxic', num: false },
      { label: 'card.range', text: '0 … 100 ppm', num: false },
      { label: 'card.limits', text: 'H 10 · HH 20 ppm', num: false },
      { label: 'card.zone', text: '罐区', num: false },
    ])
  })
})
