/** Ticks go round and round in a byte, 0 is left out; a pulse lasts a few of them. */
export const TICKS = 255
export const TICK_MS = 60
export const PULSE_TICKS = 27

/** The tick of a time (ms), 0..254 and the share of the next one. */
export const tickAt = (ms: number): number => (ms / TICK_MS) % TICKS

/** The byte that the texels of a pulse carry that begins then, 1..255. */
export const tickOf = (ms: number): number => Math.floor(tickAt(ms)) || TICKS

/** Zones whose level changed at one moment. */
interface Pulse {
  ids: readonly string[]
  tick: number
  /** ms */
  over: number
}

/** Changes of level that take the eye for less than two seconds, each as one entry however many zones it has. */
export class Pulses {
  private running: Pulse[] = []

  get size(): number {
    return this.running.length
  }

  [Symbol.iterator](): IterableIterator<Pulse> {
    return this.running.values()
  }

  start(ids: readonly string[], now: number): void {
    this.running.push({ ids, tick: tickOf(now), over: now + PULSE_TICKS * TICK_MS })
  }

  /** Takes out those that have faded. */
  end(now: number): Pulse[] {
    const over = this.running.filter((p) => p.over <= now)
    if (over.length > 0) this.running = this.running.filter((p) => p.over > now)
    return over
  }
}
