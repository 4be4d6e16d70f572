import type { DeviceProperties, Feature } from '@twin/api'
import { describe, expect, it } from 'vitest'
import { en } from '../src/i18n/en'
import { figure, stamp, zoneChoices, zonesAsked, type Device } from '../src/points/list'
import { autoStep, bounds, chooseStep, limitsOf, plantInput, plantInstant, rangeOf, shapeOf, stepAllowed, wallClock, type TrendStep } from '../src/points/trend'
import { figuresOf, move, spanOf, stepOf, zoom } from '../src/modules/trends/view'

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
  const zones = [zone('A', null), zone('U1', 'A'), zone('P1', 'U1'), zone('B', null)]

  it('offers zones, each with what lies inside', () => {
    const choices = zoneChoices(zones)
    expect(choices.map((c) => [c.code, c.depth, [...c.within].sort()])).toEqual([
      ['A', 0, ['A', 'P1', 'U1']],
      ['U1', 1, ['P1', 'U1']],
      ['P1', 2, ['P1']],
      ['B', 0, ['B']],
    ])
    expect(zoneChoices([zone('A', 'B'), zone('B', 'A')]).map((c) => c.code).sort()).toEqual(['A', 'B'])
  })
  it('asks for a zone, for a risk point, or for what belongs to both', () => {
    const asked = (of: string, risk?: string[]): string[] | undefined => zonesAsked(of, risk, zoneChoices(zones))
    expect(asked('')).toBeUndefined()
    expect(asked('A')).toEqual(['A'])
    expect(asked('', ['U1', 'B'])).toEqual(['U1', 'B'])
    expect(asked('A', ['U1', 'B'])).toEqual(['U1'])
    expect(asked('P1', ['U1'])).toEqual(['P1'])
    expect(asked('B', ['U1'])).toEqual([])
  })
  it('shows no figure where there is none', () => {
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

describe('the trend workspace', () => {
  const span = { start: 0, end: 3_600_000 }
  it('shows seconds up to half an hour, then minutes, hours and days', () => {
    const of = (length: number): string => stepOf({ start: 0, end: length })
    expect([HOUR / 2, HOUR, 2 * DAY, 3 * DAY, 62 * DAY, 63 * DAY].map(of)).toEqual(['second', 'minute', 'minute', 'hour', 'hour', 'day'])
  })
  it('zooms around what is looked at and never into the future', () => {
    expect(zoom(span, 0.5, DAY)).toEqual({ start: 900_000, end: 2_700_000 })
    expect(zoom(span, 2, 3_600_000)).toEqual({ start: -3_600_000, end: 3_600_000 })
    expect(zoom(span, 0.5, DAY, 0)).toEqual({ start: 0, end: 1_800_000 })
    expect(zoom({ start: 0, end: 12_000 }, 0.1, DAY).end - zoom({ start: 0, end: 12_000 }, 0.1, DAY).start).toBe(10_000)
    expect(move(span, 0.5, 3_600_000)).toEqual(span)
    expect(move(span, -0.5, DAY)).toEqual({ start: -1_800_000, end: 1_800_000 })
  })
  it('takes a period by name or by its ends, never turned round', () => {
    expect(spanOf('free', '2026-11-28T06:05:33Z', '2026-11-28T06:05:32Z', 0)).toBeUndefined()
    expect(spanOf('8h', '', '', 8 * HOUR)).toEqual({ start: 0, end: 8 * HOUR })
  })
  it('says what a point did, gaps apart', () => {
    expect(figuresOf([step(1, 1), step(null), step(3)])).toEqual({ points: 2, gaps: 1, low: 0, high: 3, mean: 2, last: 3 })
    expect(figuresOf([step(null)])).toMatchObject({ points: 0, low: null, mean: null, last: null })
  })
})

describe('English', () => {
  it('holds no Chinese', () => {
    expect(JSON.stringify(en.points)).not.toMatch(/[\u4e00-\u9fff]/)
  })
})
