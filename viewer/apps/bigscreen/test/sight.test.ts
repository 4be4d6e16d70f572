import { SiteFrame } from '@twin/scene'
import { describe, expect, it } from 'vitest'
import { coverageShape, groundArea, placeOf } from '../src/modules/sight/geometry'

const frame = new SiteFrame(117.78, 38.36, 4)
const place = (x: number, y: number, z = 0) => frame.toLonLat([x, y, z])

describe('what cameras see', () => {
  const ring = [place(0, 0), place(30, 0), place(30, 10), place(0, 10), place(0, 0)]

  it('has its area on the ground', () => {
    expect(groundArea(ring)).toBeCloseTo(300, 1)
    expect(groundArea([])).toBe(0)
  })

  it('is a fan from the camera to the rim', () => {
    const apex = place(-5, 5, 6)
    const shape = coverageShape(apex, ring)
    expect(shape.triangles).toHaveLength(3 * (ring.length - 1))
    expect(shape.triangles.filter((_, i) => i % 3 === 0).every((p) => p === apex)).toBe(true)
    expect(shape.edges[0]).toEqual(ring)
  })

  it('looks at a point itself, at the top of a body and at a head in a zone', () => {
    const feature = (geometry: object, more: object = {}) =>
      ({ id: 'x', geometry, properties: { code: 'x', ...more } }) as never
    expect(placeOf(feature({ type: 'Point', coordinates: [1, 2, 9] }), 'device', 4)).toEqual([1, 2, 9])
    const polygon = { type: 'Polygon', coordinates: [ring] }
    expect(placeOf(feature(polygon, { z_max: 21 }), 'tank', 4)?.[2]).toBe(21)
    expect(placeOf(feature(polygon, { z_max: 90 }), 'zone', 4)?.[2]).toBeCloseTo(5.7)
    const middle = placeOf(feature(polygon), 'zone', 4) ?? [0, 0, 0]
    expect(frame.toLocal(...middle)[0]).toBeCloseTo(15, 3)
  })
})
