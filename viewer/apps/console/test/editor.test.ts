import { catalogueFaults } from '@twin/ui'
import { describe, expect, it } from 'vitest'
import { areaOf, lengthOf, vertexCount, withHeights } from '../src/editor/measure'
import { useHistory } from '../src/editor/undo'
import { catalogue } from '../src/i18n/catalogue'

describe('console texts', () => {
  it('are complete in both languages', () => {
    expect(catalogueFaults(catalogue)).toEqual({ missing: [], empty: [] })
  })
})

describe('undo', () => {
  it('goes back and forth, and forgets what was undone after a new step', () => {
    const h = useHistory('a')
    h.push('b')
    h.push('c')
    h.undo()
    expect(h.present.value).toBe('b')
    h.push('d')
    expect(h.canRedo.value).toBe(false)
    h.undo()
    h.undo()
    h.undo()
    expect(h.present.value).toBe('a')
    expect(h.canUndo.value).toBe(false)
    h.redo()
    expect(h.present.value).toBe('b')
  })
  it('keeps a bounded number of steps', () => {
    const h = useHistory(0, 3)
    for (let i = 1; i < 10; i++) h.push(i)
    for (let i = 0; i < 10; i++) h.undo()
    expect(h.present.value).toBe(7)
  })
})

describe('measures', () => {
  const d = 100 / 6371008.8 / (Math.PI / 180)
  const square = {
    type: 'Polygon' as const,
    coordinates: [
      [
        [0, 0],
        [d, 0],
        [d, d],
        [0, d],
        [0, 0],
      ] as [number, number][],
    ],
  }
  it('gives square metres and metres', () => {
    expect(areaOf(square)).toBeCloseTo(10_000, 0)
    expect(lengthOf({ type: 'LineString', coordinates: [[0, 0], [d, 0], [d, d]] })).toBeCloseTo(200, 1) // prettier-ignore
    expect(vertexCount(square)).toBe(4)
  })
  it('keeps heights of vertices that stay and lends them to new ones', () => {
    const before = { type: 'LineString' as const, coordinates: [[0, 0, 5], [1, 1, 9]] as [number, number, number][] } // prettier-ignore
    const after = withHeights({ type: 'LineString', coordinates: [[1, 1], [2, 2]] }, before) // prettier-ignore
    expect(after).toEqual({ type: 'LineString', coordinates: [[1, 1, 9], [2, 2, 5]] }) // prettier-ignore
  })
})
