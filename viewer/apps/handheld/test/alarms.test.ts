import type { Feature } from '@twin/api'
import { describe, expect, it } from 'vitest'
import { fromOf, nearest, way, zonesOf, type Alarm } from '../src/modules/alarms/near'

const zone = (code: string, parent: string | null, more: object = {}): Feature =>
  ({
    id: code,
    type: 'Feature',
    geometry: { type: 'Polygon', coordinates: [[[0, 0], [0.002, 0], [0.002, 0.002], [0, 0.002], [0, 0]]] },
    properties: { code, name: code, parent_code: parent, ...more },
  }) as unknown as Feature // prettier-ignore
const alarm = (id: string, more: Partial<Alarm>): Alarm => ({ id, grade: 3, status: 'unacknowledged', active: true, at: '2026-11-01T00:00:00Z', title: id, title_en: id, lon: null, lat: null, zone_code: null, ...more })
const ids = (rows: { alarm: Alarm }[]): string[] => rows.map((r) => r.alarm.id)
const NOW = Date.parse('2026-11-01T00:10:00Z')
const phone = { lon: 0, lat: 0, accuracy: 12, at: NOW - 60_000 }
const badge = { lon: 1, lat: 1, r95: 3, state: 'good', t: new Date(NOW - 30_000).toISOString() }

describe('where I am', () => {
  it('is the phone while its fix is fresh and exact, else the badge, else my zones', () => {
    const mine = new Set(['Z-1'])
    expect(fromOf(phone, badge, mine, NOW).kind).toBe('phone')
    expect(fromOf({ ...phone, at: NOW - 130_000 }, badge, mine, NOW)).toMatchObject({ kind: 'badge', lon: 1, accuracy: 3 })
    expect(fromOf({ ...phone, accuracy: 500 }, badge, mine, NOW).kind).toBe('badge')
    expect(fromOf(undefined, { ...badge, state: 'lost' }, mine, NOW).kind).toBe('zones')
    expect(fromOf(undefined, { ...badge, t: new Date(NOW - 80_000).toISOString() }, mine, NOW).kind).toBe('zones')
    expect(fromOf(undefined, null, new Set(), NOW).kind).toBe('none')
  })

  it('my zones are those my rights are limited to, else those with my name, with all below', () => {
    const zones = [zone('A', null, { owner: '刘洋' }), zone('C', 'B'), zone('B', 'A'), zone('D', null)]
    expect([...zonesOf([], '刘洋', zones)].sort()).toEqual(['A', 'B', 'C'])
    expect([...zonesOf(['D'], '刘洋', zones)]).toEqual(['D'])
    expect(zonesOf([], '', zones).size).toBe(0)
  })
})

describe('alarms near me', () => {
  const zones = new Map([['A', zone('A', null)]])
  const all = [
    alarm('far', { lon: 0.01, lat: 0 }),
    alarm('zone', { zone_code: 'A' }),
    alarm('near', { lon: 0, lat: 0.0001, grade: 4 }),
    alarm('nowhere', { grade: 1 }),
    alarm('held', { lon: 0, lat: 0, status: 'shelved' }),
  ]

  it('stand nearest first; without a place of their own their zone counts; without any they come last', () => {
    const rows = nearest(all, fromOf(phone, null, new Set(), NOW), zones)
    expect(ids(rows)).toEqual(['near', 'zone', 'far', 'nowhere'])
    expect(rows.map((r) => r.about)).toEqual([false, true, false, false])
    expect(rows.map((r) => r.metres && Math.round(r.metres))).toEqual([11, 157, 1113, undefined])
  })

  it('without a position those of my zones stand first, then the worst', () => {
    expect(ids(nearest(all, { kind: 'zones', zones: new Set(['A']) }, zones))[0]).toBe('zone')
    expect(ids(nearest(all, { kind: 'none' }, zones))[0]).toBe('nowhere')
  })

  it('tell the way', () => {
    const at = (lon: number, lat: number): number => way({ lon: 100, lat: 38 }, { lon: 100 + lon, lat: 38 + lat }).eighth
    expect([at(0, 1), at(1, 0.8), at(1, 0), at(0, -1), at(-1, 0), at(-1, 0.8)].map(String)).toEqual(['0', '1', '2', '4', '6', '7'])
  })
})
