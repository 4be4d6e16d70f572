import { before, fromField, toField, type Track, type TrackPoint } from '@twin/ui'
import { describe, expect, it } from 'vitest'
import { countAll, countByArea, type Fix } from '../src/modules/people/fixes'
import messages from '../src/modules/people/messages'
import { fenceBadge } from '../src/modules/people/fences'
import { linesOf, placeAt } from '../src/modules/people/tracks'

const keys = (o: object, at = ''): string[] => Object.entries(o).flatMap(([k, v]) => (typeof v === 'object' ? keys(v as object, `${at}${k}.`) : [at + k]))
const fix = (id: string, over: Partial<Fix> = {}): Fix => ({ id, kind: 'person', class: 'employee', lon: 0, lat: 0, h: 0, floor: null, zone: null, r95: 1, state: 'good', source: 'uwb', age: 0, t: 0, ...over })
const point = (t: number, lon: number, floor: string | null = null): TrackPoint => [t, lon, 38, 5, 1, 1.2, 0, 'good', 'uwb', floor, null]
const track = (...points: TrackPoint[]): Track => ({ id: 'a', kind: 'person', name: 'A', class: 'visitor', department: '', points })

describe('people', () => {
  it('has every text in both languages', () => {
    expect(keys(messages.en).sort()).toEqual(keys(messages['zh-CN']).sort())
  })

  it('counts by area what it counts in all, and old positions apart', () => {
    const zones = [
      { code: 'P', kind: 'plant', parent: '' },
      { code: 'A', kind: 'area', parent: 'P' },
      { code: 'A1', kind: 'unit', parent: 'A' },
      { code: 'LOOP', kind: 'unit', parent: 'LOOP' },
    ]
    const fixes = [fix('1', { zone: 'A1' }), fix('2', { zone: 'A', class: 'visitor' }), fix('3', { zone: 'P' }), fix('4', { zone: null, state: 'stale' }), fix('5', { zone: 'A1', kind: 'vehicle', class: 'truck' }), fix('6', { zone: 'LOOP' })]
    const all = countAll(fixes)
    const areas = countByArea(fixes, zones)
    expect(all).toEqual({ employee: 3, contractor: 0, visitor: 1, vehicle: 1, people: 4, stale: 1 })
    expect(areas.get('A')).toEqual({ employee: 1, contractor: 0, visitor: 1, vehicle: 1, people: 2, stale: 0 })
    expect([...areas.values()].reduce((n, c) => n + c.people, 0)).toBe(all.people)
  })

  it('shows a broken fence in the colour of its grade', () => {
    const now = { id: 'f', count: 12, stale: 0, vehicles: 0, limit: 10, active: true, alarms: ['over_count'] }
    expect(fenceBadge(now, 2)).toEqual({ text: '12/10', tone: 2 })
    expect(fenceBadge({ ...now, alarms: [] }, 2)).toEqual({ text: '12/10', tone: 'normal' })
  })
})

describe('playback', () => {
  it('goes along the line between kept points and bridges no silence', () => {
    const one = track(point(0, 117), point(10, 118), point(1000, 119), point(1010, 120))
    expect(before(one.points, -1)).toBe(-1)
    expect(placeAt(one, -1, 1)).toBeUndefined()
    expect(placeAt(one, 5, 1)?.lon).toBeCloseTo(117.5)
    expect(placeAt(one, 100, 1)).toMatchObject({ lon: 118, state: 'stale' })
    expect(placeAt(one, 900, 1)).toBeUndefined()
    expect(placeAt(one, 1005, 1)?.lon).toBeCloseTo(119.5)
    expect(linesOf([one]).map((l) => l.points.length)).toEqual([2, 2])
  })

  it('does not walk through a ceiling', () => {
    expect(placeAt(track(point(0, 117, 'F1'), point(10, 118, 'F2')), 5, 1)).toMatchObject({ lon: 117, floor: 'F1' })
  })

  it('takes the wall clock of the plant', () => {
    const at = Date.UTC(2026, 10, 28, 22, 0, 0)
    expect(toField(at, 'Asia/Shanghai')).toBe('2026-11-29T06:00:00')
    expect(fromField('2026-11-29T06:00:00', 'Asia/Shanghai')).toBe(at)
    expect(fromField('', 'Asia/Shanghai')).toBeUndefined()
  })
})
