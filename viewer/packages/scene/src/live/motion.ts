import type { SiteFrame, Vec3 } from '../frame'
import type { FeatureRef, Mover, MoverStyle } from '../types'

/** A mover on its way from where it was shown to its newest fix. */
export interface Moving {
  ref: FeatureRef
  mover: Mover
  /** where it is shown now, local metres */
  at: Vec3
  /** its newest fix */
  to: Vec3
  from: Vec3
  /** ms of `performance.now()` */
  start: number
  duration: number
}

export interface MoverLayer {
  style: MoverStyle
  things: Map<string, Moving>
}

/** A glide takes as long as the two fixes lie apart, within these bounds, ms. */
const SHORTEST = 100
const LONGEST = 3000
/** After such a silence, or on a way that nobody walks or drives, it jumps: what lies between is not known. */
const GAP = 10_000
const FASTEST = 30

/**
 * Where movers are shown between their fixes. What is drawn lies between two known fixes and never beyond the newest one, so it is
 * late by one interval and invents nothing. Changes of storey jump.
 */
export class Motions {
  readonly layers = new Map<string, MoverLayer>()
  /** height above its fix at which a mover is drawn, m */
  lift: (thing: Moving) => number = () => 0

  constructor(private readonly frame: SiteFrame) {}

  get(ref: FeatureRef | undefined): Moving | undefined {
    return ref && this.layers.get(ref.layer)?.things.get(ref.id)
  }

  /** Where its sign stands. */
  stand(thing: Moving): Vec3 {
    return [thing.at[0], thing.at[1], thing.at[2] + this.lift(thing)]
  }

  set(layer: string, movers: ReadonlyMap<string, Mover>, style: MoverStyle, now: number): void {
    const known = this.layers.get(layer) ?? { style, things: new Map<string, Moving>() }
    known.style = style
    this.layers.set(layer, known)
    const gone = new Set([...known.things.keys()].filter((id) => !movers.has(id)))
    this.change(layer, movers, gone, now)
  }

  change(layer: string, set: ReadonlyMap<string, Mover>, gone: ReadonlySet<string>, now: number): void {
    const things = this.layers.get(layer)?.things
    if (!things) return // a change before the first snapshot
    for (const id of gone) things.delete(id)
    for (const [id, mover] of set) this.put(layer, things, id, mover, now)
  }

  private put(layer: string, things: Map<string, Moving>, id: string, mover: Mover, now: number): void {
    const to = this.frame.toLocal(mover.lon, mover.lat, mover.h)
    const known = things.get(id)
    if (!known) {
      things.set(id, { ref: { layer, id }, mover, at: to, to, from: to, start: now, duration: 0 })
      return
    }
    const between = Math.abs(mover.t - known.mover.t)
    // far back in time is no late fix (the hub sends none): the server's clock was set
    if (mover.t < known.mover.t && between <= GAP) return
    const way = Math.hypot(to[0] - known.to[0], to[1] - known.to[1], to[2] - known.to[2])
    const jump = known.mover.floor !== mover.floor || between > GAP || way > (FASTEST * Math.max(between, 1000)) / 1000
    const duration = jump || way === 0 ? 0 : Math.min(LONGEST, Math.max(SHORTEST, between))
    if (way === 0 && between === 0) {
      known.mover = mover // the same fix with another state: its glide goes on
      return
    }
    Object.assign(known, { mover, to, from: known.at, start: now, duration })
    if (duration === 0) known.at = to
  }

  /** Moves everything to `now`. Returns those that moved; none means that the picture can rest. */
  step(now: number): Moving[] {
    const moved: Moving[] = []
    for (const { things } of this.layers.values())
      for (const thing of things.values()) {
        if (thing.duration === 0) continue
        const t = Math.min(1, Math.max(0, (now - thing.start) / thing.duration))
        const { from: a, to: b } = thing
        thing.at = t >= 1 ? b : [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t]
        if (t >= 1) thing.duration = 0
        moved.push(thing)
      }
    return moved
  }

  get resting(): boolean {
    for (const { things } of this.layers.values()) for (const t of things.values()) if (t.duration > 0) return false
    return true
  }
}
