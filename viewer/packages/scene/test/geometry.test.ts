import { describe, expect, it } from 'vitest'
import { declutter } from '../src/declutter'
import { SiteFrame } from '../src/frame'
import { basePlane, cellsIn, volumeOf } from '../src/measure'
import { between, clamp, eye, orbitFrom, pixelOnPlane, project, wrap, type Orbit } from '../src/orbit'
import { area, clearance, inside, labelPoint, orientedBox, triangulate, type Point2 } from '../src/polygon'
import { reachOf, standing } from '../src/thin'
import { beyond, halfSpace } from '../src/tools'

const square = (x: number, y: number, w: number, h = w): Point2[] => [
  [x, y],
  [x + w, y],
  [x + w, y + h],
  [x, y + h],
  [x, y],
]

describe('SiteFrame', () => {
  const frame = new SiteFrame(117.78, 38.36, 4)

  it('goes to local metres and back', () => {
    const p = frame.toLocal(117.7765, 38.3579, 30)
    const [lon, lat, h] = frame.toLonLat(p)
    expect(lon).toBeCloseTo(117.7765, 9)
    expect(lat).toBeCloseTo(38.3579, 9)
    expect(h).toBeCloseTo(30, 4)
  })

  it('is metric: one second of latitude is 30.83 m here', () => {
    const [e, n] = frame.toLocal(117.78, 38.36 + 1 / 3600, 4)
    expect(e).toBeCloseTo(0, 3)
    expect(n).toBeCloseTo(30.836, 2) // meridian radius at 38.36 N is 6 360 300 m
  })
})

describe('polygons', () => {
  it('measure, contain and clear', () => {
    const outer = square(0, 0, 10)
    const hole = square(4, 4, 2)
    expect(area(square(0, 0, 10))).toBe(100)
    expect([inside([outer, hole], 1, 1), inside([outer, hole], 5, 5), inside([outer], 11, 5)]).toEqual([
      true,
      false,
      false,
    ])
    expect(clearance([outer], [5, 5])).toBeCloseTo(5)
    expect(clearance([outer], [12, 5])).toBeCloseTo(-2)
  })

  it('puts the label of an L inside it', () => {
    const l: Point2[] = [
      [0, 0],
      [100, 0],
      [100, 10],
      [10, 10],
      [10, 100],
      [0, 100],
    ]
    const p = labelPoint([l])
    expect(inside([l], p[0], p[1])).toBe(true)
  })

  it('cuts an L into triangles that cover it', () => {
    const l: Point2[] = [
      [0, 0],
      [100, 0],
      [100, 10],
      [10, 10],
      [10, 100],
      [0, 100],
    ]
    const triangles = triangulate([...l].reverse())
    expect(triangles).toHaveLength(4)
    expect(triangles.reduce((sum, t) => sum + area(t), 0)).toBeCloseTo(1900)
  })

  it('finds the rectangle that a turned footprint is', () => {
    const [c, s] = [Math.cos(0.4), Math.sin(0.4)]
    const ring = square(-10, -4, 20, 8).map(([x, y]): Point2 => [x * c - y * s + 50, x * s + y * c + 7])
    const box = orientedBox(ring)
    expect(box.center[0]).toBeCloseTo(50)
    expect(box.center[1]).toBeCloseTo(7)
    expect([...box.half].sort((a, b) => a - b).map((v) => Math.round(v * 1e6) / 1e6)).toEqual([4, 10])
  })
})

describe('orbit', () => {
  const lens = { width: 1920, height: 1080, fovy: 0.8 }
  const view: Orbit = { x: 10, y: 20, z: 0, heading: 0.7, pitch: -0.6, range: 300 }

  it('is found again from the camera it gives', () => {
    const again = orbitFrom(eye(view), view.heading, view.pitch)
    for (const key of ['x', 'y', 'range', 'heading', 'pitch'] as const) expect(again[key]).toBeCloseTo(view[key], 6)
  })

  it('projects a point to the pixel whose ray meets it', () => {
    const p = pixelOnPlane(view, lens, 1300, 700, 0)
    if (!p) throw new Error('no ground there')
    const px = project(view, lens, p)
    expect(px?.x).toBeCloseTo(1300, 4)
    expect(px?.y).toBeCloseTo(700, 4)
    expect(project(view, lens, [10, 20, 0])?.x).toBeCloseTo(960, 6)
  })

  it('never leads through the ground and turns the short way', () => {
    const a = clamp({ x: -400, y: 0, z: 0, heading: 3, pitch: -0.1, range: 40 })
    const b = clamp({ x: 500, y: 100, z: 12, heading: -3, pitch: -1.2, range: 60 })
    for (let t = 0; t <= 1; t += 0.02) expect(eye(between(a, b, t))[2]).toBeGreaterThan(2)
    expect(Math.abs(wrap(between(a, b, 0.5).heading))).toBeGreaterThan(3)
    expect(between(a, b, 0.5).range).toBeGreaterThan(300)
    expect(clamp({ ...a, pitch: 0.4, range: 1, z: -5 })).toMatchObject({ z: 0, range: 12 })
  })
})

describe('declutter', () => {
  it('keeps the higher rank of two that overlap', () => {
    const c = (of: string, x: number, rank: number) => ({ of, x, y: 0, width: 50, height: 20, rank })
    expect(declutter([c('a', 0, 1), c('b', 40, 2), c('c', 100, 0)]).map((p) => p.of)).toEqual(['b', 'c'])
    expect(declutter(Array.from({ length: 300 }, (_, i) => c(String(i), i * 100, 0)))).toHaveLength(200)
  })
})

describe('volume', () => {
  const rim: [number, number, number][] = [
    [0, 0, 0],
    [10, 0, 1],
    [10, 10, 1],
    [0, 10, 0],
  ]
  it('is counted from the plane through the rim', () => {
    expect(basePlane(rim)(5, 5)).toBeCloseTo(0.5)
    const { cells } = cellsIn(rim.map(([x, y]): Point2 => [x, y]))
    const heap = cells.map(([x, y]) => basePlane(rim)(x, y) + (x < 5 ? 2 : -1))
    const { above, below } = volumeOf(rim, cells, heap)
    expect(above).toBeCloseTo(100, 0)
    expect(below).toBeCloseTo(50, 0)
    expect(
      volumeOf(
        rim,
        cells,
        cells.map(() => null),
      ),
    ).toEqual({ above: 0, below: 0 })
  })
})

describe('section', () => {
  it('takes one side or the other', () => {
    const east = halfSpace({ axis: 'east', at: 10, flip: false })
    const west = halfSpace({ axis: 'east', at: 10, flip: true })
    expect([beyond(east, [11, 0, 0]), beyond(east, [9, 0, 0])]).toEqual([true, false])
    expect([beyond(west, [11, 0, 0]), beyond(west, [9, 0, 0])]).toEqual([false, true])
  })
})

describe('dense points', () => {
  it('are seen from afar by one of them, by all from near by, and as ever where they stand alone', () => {
    const crowd = Array.from({ length: 200 }, (_, n): [number, number, number] => [50 + (n % 20) / 5, 50 + n / 100, 1])
    const reach = reachOf([[0, 0, 1], ...crowd])
    expect(reach[0]).toBe(Infinity)
    expect(reach.filter((far) => far === Infinity)).toHaveLength(2)
    const seen = (from: number): number => reach.filter((far) => far >= from).length
    expect(seen(20)).toBe(201)
    expect([seen(50) < 30, seen(100) < 12, seen(400) < 6]).toEqual([true, true, true])
    expect(seen(50)).toBeGreaterThan(seen(200))
  })

  it('stand on a plan one for each cell as wide as a sign, the same ones wherever one looks, all from near by', () => {
    const crowd = Array.from({ length: 400 }, (_, n) => ({ at: [50 + (n % 20) / 5, -50 + Math.floor(n / 20) / 5, 1] as [number, number, number] }))
    const lonely = { at: [0, 0, 1] as [number, number, number] }
    const seen = (sign: number) => [...standing([lonely, ...crowd], sign)]
    expect(seen(8)[0]).toBe(lonely)
    expect(seen(3).length).toBeLessThan(6)
    expect(seen(1).length).toBeLessThan(30)
    expect(seen(0.12)).toHaveLength(401)
    expect(seen(1)[1]).toBe(crowd[0])
    for (const thing of seen(3)) expect(seen(1)).toContain(thing)
  })

  it('put the most important first', () => {
    expect(reachOf([[0.1, 0.1, 0], [0.2, 0.2, 0]])).toEqual([Infinity, 30])
  })
})
