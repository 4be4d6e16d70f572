import { describe, expect, it } from 'vitest'
import { declutter } from '../src/declutter'
import { Floors, liftOf } from '../src/floors'
import { SiteFrame, type Vec3 } from '../src/frame'
import { COUNT_FAR, groupBadges, VALUE_FAR, type BadgeSpot } from '../src/live/badges'
import { heatOf } from '../src/live/heat'
import { Motions } from '../src/live/motion'
import { PlantModel } from '../src/model'
import type { Mover } from '../src/types'

const frame = new SiteFrame(117.78, 38.36, 4)
const style = { shape: 'circle' } as const

function mover(x: number, t: number, more: Partial<Mover> = {}): Mover {
  const [lon, lat, h] = frame.toLonLat([x, 0, 0])
  return { id: 'p', lon, lat, h, glyph: 'user', hue: 'teal', state: 'good', t, ...more }
}

describe('motion', () => {
  const one = (m: Mover) => new Map([[m.id, m]])
  const start = (): Motions => {
    const motions = new Motions(frame)
    motions.set('people', one(mover(0, 1000)), style, 0)
    return motions
  }
  const x = (motions: Motions): number => motions.get({ layer: 'people', id: 'p' })?.at[0] ?? NaN

  it('stands between two known fixes and never beyond the newest', () => {
    const motions = start()
    motions.change('people', one(mover(2, 2000)), new Set(), 5000)
    motions.step(5250)
    expect(x(motions)).toBeCloseTo(0.5, 6)
    motions.step(5500)
    expect(x(motions)).toBeCloseTo(1, 6)
    motions.step(60_000)
    expect(x(motions)).toBeCloseTo(2, 6)
    expect(motions.resting).toBe(true)
    expect(motions.step(61_000)).toEqual([])
  })

  it('glides on from where it is when the next fix comes early', () => {
    const motions = start()
    motions.change('people', one(mover(2, 2000)), new Set(), 5000)
    motions.step(5500)
    motions.change('people', one(mover(3, 3000)), new Set(), 5500)
    motions.step(6000)
    expect(x(motions)).toBeCloseTo(2, 6)
  })

  it('takes no late fix for a new one', () => {
    const motions = start()
    motions.change('people', one(mover(5, 500)), new Set(), 5000)
    motions.step(9000)
    expect(x(motions)).toBeCloseTo(0, 6)
  })

  it.each([
    ['a silence', mover(4, 20_000)],
    ['a way that nobody goes', mover(80, 2000)],
    ['another storey', mover(2, 2000, { floor: 'F2' })],
    ['a clock of the server that was set back', mover(4, -3_599_000)],
  ])('jumps after %s', (_, next) => {
    const motions = start()
    motions.change('people', one(next), new Set(), 5000)
    expect(motions.resting).toBe(true)
    expect(x(motions)).toBeCloseTo(frame.toLocal(next.lon, next.lat, next.h)[0], 6)
  })

  it('knows a state that changes while the place does not', () => {
    const motions = start()
    motions.change('people', one(mover(0, 9000, { state: 'stale' })), new Set(), 5000)
    expect(motions.get({ layer: 'people', id: 'p' })?.mover.state).toBe('stale')
    motions.set('people', new Map(), style, 5000)
    expect(motions.get({ layer: 'people', id: 'p' })).toBeUndefined()
  })
})

describe('badges', () => {
  const spot = (px: number, distance: number, tone: BadgeSpot['badge']['tone'] = 'normal'): BadgeSpot => ({
    ref: { layer: 'device', id: String(px) },
    badge: { text: '1.2 MPa', tone },
    x: px,
    y: 10,
    distance,
    crowded: false,
  })

  it('are values near by, counts in the middle distance and nothing far away', () => {
    const near = groupBadges([spot(10, VALUE_FAR), spot(12, VALUE_FAR)])
    expect([near.values.length, near.clusters.length]).toEqual([2, 0])
    const middle = groupBadges([spot(10, 500), spot(20, 500, 2), spot(30, 500, 'bad'), spot(500, 500)])
    expect(middle.values.map((v) => v.x)).toEqual([500])
    const of = [10, 20, 30].map((px) => ({ layer: 'device', id: String(px) }))
    expect(middle.clusters).toEqual([{ x: 20, y: 10, of, count: 3, tone: 2, alarming: 1 }])
    const far = groupBadges([spot(10, COUNT_FAR + 1)])
    expect([far.values, far.clusters]).toEqual([[], []])
  })

  it('are counted also near by where signs would lie on one another', () => {
    const crowd = [10, 20].map((px) => ({ ...spot(px, 50), crowded: true }))
    const near = groupBadges([spot(15, 50), ...crowd])
    expect(near.values.map((v) => v.x)).toEqual([15])
    expect(near.clusters.map((c) => c.count)).toEqual([2])
  })

  it('leave room to what stands already, and are 200 at most with it', () => {
    const box = (x: number) => ({ of: x, x, y: 0, width: 10, height: 10, rank: 0 })
    expect(declutter([box(0), box(100)], 200, 3, [{ x: 5, y: 5, width: 10, height: 10 }]).map((c) => c.of)).toEqual([
      100,
    ])
    const others = Array.from({ length: 150 }, (_, i) => ({ x: i * 50, y: 900, width: 10, height: 10 }))
    expect(
      declutter(
        Array.from({ length: 300 }, (_, i) => box(i * 50)),
        200,
        3,
        others,
      ),
    ).toHaveLength(50)
  })
})

describe('heat', () => {
  it('is people per 100 m2, densest where most stand', () => {
    const at = (x: number, y: number): { at: Vec3; weight: number } => ({ at: [x, y, 0], weight: 1 })
    const heat = heatOf([at(0, 0), at(0, 0), at(0, 0), at(100, 0)], 256)
    if (!heat) throw new Error('no heat')
    const value = (x: number, y: number) => {
      const cell = (heat.box.maxX - heat.box.minX) / heat.size
      return heat.cells[Math.floor((y - heat.box.minY) / cell) * heat.size + Math.floor((x - heat.box.minX) / cell)]
    }
    expect(heat.peak).toBeCloseTo(1.326, 1) // 3 x 100 / (2 pi 6^2)
    expect(value(0, 0)).toBeGreaterThan(2.5 * (value(100, 0) ?? 0))
    expect(value(50, 0)).toBe(0)
    expect(heatOf([])).toBeUndefined()
  })
})

describe('floors', () => {
  const model = new PlantModel(frame)
  const polygon = (low: number, high: number, more: object) => {
    const corners: [number, number][] = [
      [0, 0],
      [20, 0],
      [20, 20],
      [0, 20],
      [0, 0],
    ]
    const ring = corners.map(([px, py]) => frame.toLonLat([px, py, 0]))
    return {
      geometry: { type: 'Polygon', coordinates: [ring] },
      properties: { code: '', z_min: low + 4, z_max: high + 4, ...more },
    }
  }
  model.set('building', [{ id: 'b', ...polygon(0, 8, { code: 'B' }) }])
  model.set('floor', [
    { id: 'f2', ...polygon(4, 8, { code: 'F2', building_code: 'B' }) },
    { id: 'f1', ...polygon(0, 4, { code: 'F1', building_code: 'B' }) },
  ])

  it('show what is on the open storey and what is outside of the building', () => {
    const floors = new Floors(model)
    expect(floors.holds([5, 5, 6], undefined)).toBe(true) // nothing is open
    floors.set('f1')
    expect([floors.holds([5, 5, 1], undefined), floors.holds([5, 5, 6], undefined)]).toEqual([true, false])
    expect(floors.holds([5, 5, 6], 'F1')).toBe(true) // what it says of its storey counts before its height
    expect(floors.holds([50, 5, 6], undefined)).toBe(true)
  })

  it('lift the storeys of an exploded building apart with what is on them', () => {
    const floors = new Floors(model)
    floors.set('f1')
    floors.exploded = true
    expect(floors.holds([5, 5, 6], undefined)).toBe(true)
    expect([floors.lift([5, 5, 1], undefined), floors.lift([5, 5, 6], undefined)]).toEqual([0, liftOf(1)])
    expect(floors.lift([50, 5, 6], undefined)).toBe(0)
  })
})
