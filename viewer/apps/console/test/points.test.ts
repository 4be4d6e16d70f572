import type { DeviceProperties, Feature } from '@twin/api'
import { describe, expect, it } from 'vitest'
import { en } from '../src/i18n/en'
import { countQualities, figure, filterDevices, sortDevices, stamp, zoneChoices, type Device, type PointValue } from '../src/points/list'
import { autoStep, bounds, chooseStep, limitsOf, plantInput, plantInstant, rangeOf, shapeOf, stepAllowed, wallClock, type TrendStep } from '../src/points/trend'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const point: Feature['geometry'] = { type: 'Point', coordinates: [0, 0] }

function device(id: string, of: Partial<DeviceProperties> = {}): Device {
  const properties = {
    code: id, name: `点${id}`, name_en: `Point ${id}`, tag: id, kind: 'temperature', zone_code: null, measurand: null, unit_text: '℃', safety: false,
    range_low: null, range_high: null, limit_ll: null, limit_l: null, limit_h: null, limit_hh: null, source: null, ...of,
  } as DeviceProperties // prettier-ignore
  return { type: 'Feature', id, geometry: point, properties }
}

function zone(code: string, parent_code: string | null): Feature {
  return { type: 'Feature', id: code, geometry: point, properties: { code, name: code, parent_code } }
}

const step = (avg: number | null, spread = 0): TrendStep => ({
  start: '2026-11-28T00:00:00Z',
  count: avg === null ? 0 : 3,
  bad: 0,
  min: avg === null ? null : avg - spread,
  max: avg === null ? null : avg + spread,
  avg,
  last: avg,
})

describe('the step of a trend', () => {
  it('suits the period', () => {
    expect([HOUR, DAY, 7 * DAY, 31 * DAY, 32 * DAY, 1500 * DAY, 3000 * DAY].map(autoStep)).toEqual(['minute', 'minute', 'hour', 'hour', 'day', 'day', 'month'])
  })
  it('is by hand only what the server answers', () => {
    expect(stepAllowed('minute', 7 * DAY)).toBe(true)
    expect(stepAllowed('minute', 7 * DAY + 1)).toBe(false)
    expect(chooseStep('hour', HOUR)).toBe('hour')
    expect(chooseStep('minute', 30 * DAY)).toBe('hour')
    expect(chooseStep('second', HOUR)).toBe('minute')
    expect(chooseStep(undefined, 7 * DAY)).toBe('hour')
  })
})

describe('periods', () => {
  const now = new Date('2026-11-28T10:00:00Z')
  it('end now, or are free in plant time', () => {
    expect(rangeOf('24h', '', '', now, 'Asia/Shanghai')?.start.toISOString()).toBe('2026-11-27T10:00:00.000Z')
    const free = rangeOf('free', '2026-11-01T00:00', '2026-11-02T00:00', now, 'Asia/Shanghai')
    expect(free?.start.toISOString()).toBe('2026-10-31T16:00:00.000Z')
    expect(free?.end.toISOString()).toBe('2026-11-01T16:00:00.000Z')
  })
  it('do not hold when unfinished or turned round', () => {
    expect(rangeOf('free', '2026-11-01T00:00', '', now, 'UTC')).toBeNull()
    expect(rangeOf('free', '2026-11-02T00:00', '2026-11-01T00:00', now, 'UTC')).toBeNull()
    expect(rangeOf('free', '2026-13-40T00:00', '2026-11-01T00:00', now, 'UTC')).toBeNull()
  })
  it('go to plant time and back, also over a change of clocks', () => {
    for (const at of ['2026-03-29T00:30:00Z', '2026-03-29T01:30:00Z', '2026-07-01T12:00:00Z', '2026-12-31T23:59:00Z']) {
      expect(plantInstant(plantInput(new Date(at), 'Europe/Berlin'), 'Europe/Berlin')?.toISOString()).toBe(at.replace('Z', '.000Z'))
    }
    expect(new Date(wallClock(new Date('2026-11-28T20:00:05Z'), 'Asia/Shanghai')).toISOString()).toBe('2026-11-29T04:00:05.000Z')
  })
})

describe('gaps', () => {
  it('part the line; what stands alone is known', () => {
    const shape = shapeOf([step(null), step(1), step(2), step(null), step(3), step(null), step(null), step(0)])
    expect(shape).toEqual({ points: 4, gaps: 4, runs: 3, alone: new Set([4, 7]) })
    expect(shapeOf([])).toEqual({ points: 0, gaps: 0, runs: 0, alone: new Set() })
  })
  it('and limits are reckoned with in the vertical axis', () => {
    const limits = limitsOf(device('a', { limit_l: 0, limit_hh: 20 }).properties)
    expect(limits).toEqual([{ letter: 'L', value: 0 }, { letter: 'HH', value: 20 }]) // prettier-ignore
    const [low, high] = bounds([step(5, 1), step(null)], limits)
    expect(low).toBeLessThan(0)
    expect(high).toBeGreaterThan(20)
    expect(bounds([step(null)], [])).toEqual([0, 1])
    const [flatLow, flatHigh] = bounds([step(-4)], [])
    expect(flatLow).toBeLessThan(-4)
    expect(flatHigh).toBeGreaterThan(-4)
  })
})

describe('the list', () => {
  const devices = [
    device('TI-10', { zone_code: 'U1' }),
    device('TI-9', { zone_code: 'P1', name: '反应釜温度' }),
    device('PI-1', { zone_code: 'A', kind: 'pressure' }),
    device('XI-1'),
  ]
  const zones = [zone('A', null), zone('U1', 'A'), zone('P1', 'U1'), zone('B', null)]
  const values = new Map<string, PointValue>([
    ['TI-10', { id: 'TI-10', v: 1, q: 'good', ts: 1 }],
    ['TI-9', { id: 'TI-9', v: null, q: 'bad', ts: 1 }],
    ['PI-1', { id: 'PI-1', v: 2, q: 'uncertain', ts: 1 }],
  ])
  const tags = (of: Device[]): string[] => of.map((d) => d.id)

  it('offers zones that hold points, each with what lies inside', () => {
    const choices = zoneChoices(zones, devices)
    expect(choices.map((c) => [c.code, c.depth, [...c.within].sort()])).toEqual([
      ['A', 0, ['A', 'P1', 'U1']],
      ['U1', 1, ['P1', 'U1']],
      ['P1', 2, ['P1']],
    ])
    expect(zoneChoices([zone('A', 'B'), zone('B', 'A')], [device('x', { zone_code: 'A' })]).map((c) => c.code).sort()).toEqual(['A', 'B'])
    expect(zoneChoices([], [device('x', { zone_code: 'gone' })]).map((c) => c.code)).toEqual(['gone'])
  })
  it('is filtered by zone, kind and words', () => {
    const within = zoneChoices(zones, devices).find((c) => c.code === 'U1')?.within
    expect(tags(filterDevices(devices, { zones: within, kind: '', word: '' }))).toEqual(['TI-10', 'TI-9'])
    expect(tags(filterDevices(devices, { kind: 'pressure', word: '' }))).toEqual(['PI-1'])
    expect(tags(filterDevices(devices, { kind: '', word: ' ti-1' }))).toEqual(['TI-10'])
    expect(tags(filterDevices(devices, { kind: '', word: '反应釜' }))).toEqual(['TI-9'])
    expect(filterDevices(devices, { zones: new Set(), kind: '', word: '' })).toEqual([])
  })
  it('is sorted by number within tags, and by what needs eyes', () => {
    const name = (d: Device): string => d.properties.name
    expect(tags(sortDevices(devices, 'tag', name, values))).toEqual(['PI-1', 'TI-9', 'TI-10', 'XI-1'])
    expect(tags(sortDevices(devices, 'quality', name, values))).toEqual(['TI-9', 'XI-1', 'PI-1', 'TI-10'])
  })
  it('counts, and never takes silence for good', () => {
    expect(countQualities(devices, values)).toEqual({ good: 1, uncertain: 1, bad: 1, none: 1 })
    expect(figure(null)).toBe('—')
    expect(figure(123.456)).toBe('123.5')
  })
  it('shows the time of a value in plant time, with the date of another day', () => {
    const now = new Date('2026-11-28T16:30:00Z')
    expect(stamp(now.getTime() / 1000, now, 'Asia/Shanghai')).toBe('00:30:00')
    expect(stamp(now.getTime() / 1000 - 3600, now, 'Asia/Shanghai')).toBe('2026-11-28 23:30:00')
    expect(stamp(null, now, 'Asia/Shanghai')).toBe('—')
  })
})

describe('English', () => {
  it('holds no Chinese', () => {
    expect(JSON.stringify(en.points)).not.toMatch(/[\u4e00-\u9fff]/)
  })
})
