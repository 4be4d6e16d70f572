import type { Feature } from '@twin/api'
import { catalogueFaults } from '@twin/ui'
import { describe, expect, it } from 'vitest'
import { catalogue } from '../src/i18n/catalogue'
import { inside, middle, pageOf, riskOf, zoneAt } from '../src/zones'

const square = (x: number, y: number, size: number): number[][] => [
  [x, y],
  [x + size, y],
  [x + size, y + size],
  [x, y + size],
  [x, y],
]
const zone = (code: string, ring: number[][], properties: object): Feature =>
  ({ type: 'Feature', id: code, geometry: { type: 'Polygon', coordinates: [ring] }, properties: { code, ...properties } }) as unknown as Feature

describe('texts', () => {
  it('are complete in both languages', () => {
    expect(catalogueFaults(catalogue)).toEqual({ missing: [], empty: [] })
  })
})

describe('zones', () => {
  it('say the level now, else the inherent one, else the lowest', () => {
    expect(riskOf(zone('a', [], { risk: 1, static_risk: 3 }))).toBe(1)
    expect(riskOf(zone('a', [], { static_risk: 3 }))).toBe(3)
    expect(riskOf(zone('a', [], { risk: 9 }))).toBe(4)
  })

  it('are found by a place, the innermost first', () => {
    const zones = [zone('area', square(0, 0, 10), { kind: 'area' }), zone('place', square(2, 2, 2), { kind: 'place' })]
    expect(zoneAt(zones, 3, 3)?.id).toBe('place')
    expect(zoneAt(zones, 8, 8)?.id).toBe('area')
    expect(zoneAt(zones, 18, 8)).toBeUndefined()
  })

  it('carry their name inside, also when their middle lies outside', () => {
    expect(middle(square(117, 38, 2))).toEqual([118, 39])
    const u = [[0, 0], [10, 0], [10, 10], [8, 10], [8, 2], [2, 2], [2, 10], [0, 10], [0, 0]] // prettier-ignore
    const [x, y] = middle(u)
    expect(inside(u, x, y)).toBe(true)
  })
})

describe('codes that are scanned', () => {
  const origin = 'https://plant.example'
  it('open pages of this app and nothing else', () => {
    expect(pageOf('zone:Z-21', origin)).toBe('/zone/Z-21')
    expect(pageOf('twin:point:IP-003', origin)).toBe('/point/IP-003')
    expect(pageOf('https://plant.example/m/zone/Z-21', origin)).toBe('/zone/Z-21')
    expect(pageOf('https://elsewhere.example/m/zone/Z-21', origin)).toBeUndefined()
    expect(pageOf('javascript:alert(1)', origin)).toBeUndefined()
    expect(pageOf('https://plant.example/console/', origin)).toBeUndefined()
  })
})
