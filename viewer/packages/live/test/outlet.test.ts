import { beforeEach, describe, expect, it } from 'vitest'
import { LiveStore, type Change, type ConnectionState } from '../src'
import { Outlet, type News } from '../src/outlet'

const delta = (seq: number, values: Record<string, number | null>): Change => ({
  kind: 'delta',
  seq,
  items: Object.entries(values).map(([k, v]) => ({ k, v: v === null ? null : { id: k, v } })),
})
const reset = (seq: number, ...ids: string[]): Change => ({
  kind: 'reset',
  seq,
  items: ids.map((id) => ({ id, v: 0 })),
})
const state = (skipped: number): ConnectionState => ({
  status: 'live',
  lastData: undefined,
  lostAt: undefined,
  attempts: 0,
  clockOffset: 0,
  skipped,
})

let posted: News[]
let outlet: Outlet
beforeEach(() => {
  posted = []
  outlet = new Outlet((news) => posted.push(news))
})

describe('Outlet', () => {
  it('tells a page that waits at once', () => {
    outlet.give(1, delta(1, { a: 1 }))
    expect(posted).toEqual([{ state: undefined, changes: [{ key: 1, change: delta(1, { a: 1 }) }] }])
  })

  it('keeps the newest of each key while the page is busy, and tells it in one go', () => {
    outlet.give(1, delta(1, { a: 1 }))
    for (let n = 2; n < 1000; n++) outlet.give(1, delta(n, { a: n, b: n % 2 ? n : null }))
    outlet.give(2, delta(5, { z: 5 }))
    outlet.tell(state(0))
    outlet.tell(state(7))
    expect(posted).toHaveLength(1)
    outlet.next()
    expect(posted).toHaveLength(2)
    expect(posted[1]?.state?.skipped).toBe(7)
    expect(posted[1]?.changes).toEqual([
      { key: 1, change: delta(999, { a: 999, b: 999 }) },
      { key: 2, change: delta(5, { z: 5 }) },
    ])
    outlet.next()
    expect(posted).toHaveLength(2)
    outlet.give(1, delta(1000, { c: 1 }))
    expect(posted).toHaveLength(3)
  })

  it('forgets what a new whole replaces, and tells what comes after it last', () => {
    outlet.tell(state(0))
    outlet.give(1, delta(1, { a: 1 }))
    outlet.give(1, { kind: 'skip', count: 3 })
    outlet.give(1, reset(2, 'a', 'b'))
    outlet.give(1, delta(3, { b: null, c: 3 }))
    outlet.next()
    const store = new LiveStore<{ id: string; v: number }>()
    for (const { change } of posted[1]?.changes ?? []) store.apply(change)
    expect([...store.items.values()]).toEqual([
      { id: 'a', v: 0 },
      { id: 'c', v: 3 },
    ])
    expect([store.seq, store.skipped]).toEqual([3, 3])
  })

  it('gives every subscription its turn, a frame each where there is much', () => {
    const many = Array.from({ length: 3000 }, (_, n) => `p${n}`)
    outlet.tell(state(0))
    outlet.give(1, reset(1, ...many))
    outlet.give(2, delta(1, { z: 1 }))
    outlet.next()
    outlet.give(1, delta(2, { p0: 2 }))
    outlet.next()
    expect(posted.slice(1).map(({ changes }) => changes.map(({ key }) => key))).toEqual([[1], [2, 1]])
  })

  it('says nothing to who has gone', () => {
    outlet.tell(state(0))
    outlet.give(1, delta(1, { a: 1 }))
    outlet.drop(1)
    outlet.next()
    expect(posted).toHaveLength(1)
  })

  it('ends in the state of the last change whatever page and hub do', () => {
    const [store, told] = [new LiveStore<{ id: string; v: number }>(), new LiveStore<{ id: string; v: number }>()]
    let seed = 7
    const draw = (below: number): number => (seed = (seed * 48271) % 2147483647) % below
    let heard = 0
    const hear = (): void => {
      for (const { change } of posted.slice(heard).flatMap((news) => news.changes)) told.apply(change)
      heard = posted.length
      outlet.next()
    }
    for (let n = 1; n < 2000; n++) {
      const key = `k${draw(20)}`
      const change = draw(50) === 0 ? reset(n, key, `k${draw(20)}x`) : delta(n, { [key]: draw(4) === 0 ? null : n })
      store.apply(change)
      outlet.give(1, change)
      if (draw(5) === 0) hear()
    }
    hear()
    hear()
    expect(new Map(told.items)).toEqual(new Map(store.items))
  })
})
