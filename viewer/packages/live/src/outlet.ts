import type { Change, ConnectionState, DeltaItem } from './protocol'

/** What the worker tells the page at one go. */
export interface News {
  state: ConnectionState | undefined
  changes: { key: number; change: Change }[]
}

/** So many things are enough for one frame: what else waits comes with the next one, and a page that loads stays responsive. */
const ENOUGH = 2000

interface Waiting {
  /** a new state of the whole, refusals and what the hub left out: told before the single keys */
  first: Change[]
  items: Map<string, DeltaItem>
  seq: number
}

/**
 * What the page has still to hear. One piece of news is under way at a time; until the page asks for the next, only the newest value of
 * each key is kept. So a page that draws slowly in a storm takes each thing once a frame, and is never more than a frame behind.
 */
export class Outlet {
  private readonly waiting = new Map<number, Waiting>()
  private state: ConnectionState | undefined
  private busy = false

  constructor(private readonly post: (news: News) => void) {}

  tell(state: ConnectionState): void {
    this.state = state
    if (!this.busy) this.send()
  }

  /** A change of the subscription `key`. */
  give(key: number, change: Change): void {
    const own = this.waiting.get(key) ?? { first: [], items: new Map<string, DeltaItem>(), seq: 0 }
    this.waiting.set(key, own)
    if (change.kind === 'delta') {
      own.seq = change.seq
      for (const item of change.items) own.items.set(item.k, item)
    } else {
      if (change.kind === 'reset') {
        own.first = own.first.filter(({ kind }) => kind !== 'reset')
        own.items.clear()
      }
      own.first.push(change)
    }
    if (!this.busy) this.send()
  }

  /** Nobody listens any more. */
  drop(key: number): void {
    this.waiting.delete(key)
  }

  /** The page has taken in what it was told. */
  next(): void {
    this.busy = false
    if (this.state || this.waiting.size > 0) this.send()
  }

  private send(): void {
    const { state } = this
    const changes: News['changes'] = []
    let things = 0
    for (const [key, { first, items, seq }] of this.waiting) {
      if (things >= ENOUGH) break
      this.waiting.delete(key) // who has its turn goes to the end
      for (const change of first) {
        if (change.kind === 'reset') things += change.items.length
        changes.push({ key, change })
      }
      if (items.size > 0) changes.push({ key, change: { kind: 'delta', seq, items: [...items.values()] } })
      things += items.size
    }
    this.state = undefined
    this.busy = true
    this.post({ state, changes })
  }
}
