import type { Change } from './protocol'

export interface StoreChange<T> {
  /** keys that are new or changed */
  set: ReadonlyMap<string, T>
  /** keys that are gone */
  gone: ReadonlySet<string>
  /** everything was replaced: keys not in `set` are gone too */
  reset: boolean
}

/** The things of one topic by key, kept current by the hub: stale snapshot + events == fresh snapshot. */
export class LiveStore<T> {
  readonly items = new Map<string, T>()
  private readonly listeners = new Set<(change: StoreChange<T>) => void>()
  /** updates the hub left out */
  skipped = 0
  seq: number | undefined

  listen(listener: (change: StoreChange<T>) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  apply(change: Change): void {
    if (change.kind === 'skip') {
      this.skipped += change.count
      return
    }
    if (change.kind === 'refused') return
    this.seq = change.seq
    if (change.kind === 'reset') {
      const fresh = new Map(change.items.map((item) => [item.id, item as T]))
      const gone = new Set([...this.items.keys()].filter((key) => !fresh.has(key)))
      this.items.clear()
      for (const [key, value] of fresh) this.items.set(key, value)
      this.emit({ set: fresh, gone, reset: true })
      return
    }
    const set = new Map<string, T>()
    const gone = new Set<string>()
    for (const { k, v } of change.items) {
      if (v === null) {
        if (this.items.delete(k)) gone.add(k)
        set.delete(k)
      } else {
        this.items.set(k, v as T)
        set.set(k, v as T)
        gone.delete(k)
      }
    }
    if (set.size > 0 || gone.size > 0) this.emit({ set, gone, reset: false })
  }

  private emit(change: StoreChange<T>): void {
    for (const listener of this.listeners) listener(change)
  }
}
