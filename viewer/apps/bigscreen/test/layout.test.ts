import { describe, expect, it } from 'vitest'
import { arrange, sceneOf } from '../src/layout'
import type { Panel } from '../src/modules'

const panel = (key: string, side: Panel['side'], order: number): Panel => ({ key, side, order, component: {} })
const panels = [panel('a', 'left', 1), panel('b', 'left', 2), panel('c', 'right', 3)]

describe('the layout of a screen', () => {
  it('is as the modules say while nobody has made one', () => {
    expect(arrange(panels, [])).toEqual(panels)
  })

  it('places what it names in its order, hides what it says, and keeps panels that it does not know', () => {
    const placed = [
      { key: 'c', side: 'left' as const, hidden: false },
      { key: 'a', side: 'right' as const, hidden: true },
      { key: 'gone', side: 'left' as const, hidden: false },
    ]
    expect(arrange(panels, placed).map((p) => [p.key, p.side])).toEqual([
      ['c', 'left'],
      ['b', 'left'],
    ])
  })

  it('keeps the line at the bottom, and nothing else there; it can be put away', () => {
    const lined = [...panels, panel('line', 'bottom', 4)]
    const placed = [
      { key: 'line', side: 'left' as const, hidden: false },
      { key: 'a', side: 'bottom' as const, hidden: false },
    ]
    expect(arrange(lined, placed).map((p) => [p.key, p.side])).toEqual([
      ['line', 'bottom'],
      ['a', 'left'],
      ['b', 'left'],
      ['c', 'right'],
    ])
    expect(arrange(lined, [{ key: 'line', side: 'bottom', hidden: true }])).toEqual(panels)
  })

  it('is of the room that the address names', () => {
    expect([sceneOf('?scene=gatehouse'), sceneOf('?scene=attic'), sceneOf('')]).toEqual(['gatehouse', 'control_room', 'control_room'])
  })
})
