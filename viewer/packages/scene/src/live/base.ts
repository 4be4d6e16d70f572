import type { Box } from '../declutter'
import type { Vec3 } from '../frame'
import type { Badge, FeatureRef, Grade, HeatPoint, LiveView, Mover, MoverStyle, TrackLine } from '../types'
import { heatOf, type HeatRaster } from './heat'
import { keyOf, type LiveHost, type LivePicture } from './host'
import { Motions, type Moving } from './motion'
import { LiveOverlay } from './overlay'
import { LiveCanvas } from './canvas'

/** What 3D and 2D have in common: state, motion, marks and texts. How signs, heat and tracks are drawn is left to each of them. */
export abstract class LiveBase implements LiveView {
  readonly motions: Motions
  readonly overlay: LiveOverlay
  protected readonly canvas: LiveCanvas
  protected heat: HeatRaster | undefined
  protected tracks: readonly TrackLine[] = []
  protected lit: string | undefined
  private followed: FeatureRef | undefined
  private frame = 0
  private last = 0
  private ended = false

  constructor(
    protected readonly host: LiveHost,
    /** shortest time between two steps of the motion, ms: a picture that costs a second is not drawn 30 times in it */
    private readonly pause: () => number,
    private readonly told: (followed: FeatureRef | undefined) => void,
  ) {
    this.motions = new Motions(host.frame)
    this.canvas = new LiveCanvas(host, this.motions)
    this.overlay = new LiveOverlay(host, this.motions)
  }

  protected abstract placed(things: Iterable<Moving>): void
  protected abstract layerChanged(layer: string): void
  protected abstract heatChanged(): void
  protected abstract tracksChanged(): void
  protected abstract dimChanged(): void
  protected abstract lookAt(thing: Moving): void
  abstract explode(on: boolean): void

  setMovers(layer: string, movers: ReadonlyMap<string, Mover>, style: MoverStyle): void {
    this.motions.set(layer, movers, style, performance.now())
    this.changed(layer)
  }

  changeMovers(layer: string, set: ReadonlyMap<string, Mover>, gone: ReadonlySet<string>): void {
    this.motions.change(layer, set, gone, performance.now())
    this.changed(layer)
  }

  private waiting: ReturnType<typeof setTimeout> | undefined

  /** What moves all the time is drawn at once with a graphics processor; without one a frame costs a second of both cores, so it waits. */
  private soon(): void {
    const calm = this.host.calm?.() ?? 0
    if (calm === 0) this.host.draw()
    else
      this.waiting ??= setTimeout(() => {
        this.waiting = undefined
        if (!this.ended) this.host.draw()
      }, calm)
  }

  private changed(layer: string): void {
    this.layerChanged(layer)
    if (this.followed && !this.motions.get(this.followed)) this.follow(undefined)
    this.soon()
    this.run()
  }

  private run(): void {
    if (this.frame || this.ended || this.motions.resting) return
    this.frame = requestAnimationFrame((now) => {
      this.frame = 0
      if (now - this.last >= this.pause()) {
        this.last = now
        const moved = this.motions.step(performance.now())
        if (moved.length > 0) {
          this.placed(moved)
          const thing = this.motions.get(this.followed)
          if (thing && moved.includes(thing)) this.lookAt(thing)
          this.soon()
        }
      }
      this.run()
    })
  }

  follow(ref: FeatureRef | undefined): void {
    if (ref ? this.followed && keyOf(ref) === keyOf(this.followed) : !this.followed) return
    const thing = this.motions.get(ref)
    this.followed = thing?.ref
    if (thing) this.lookAt(thing)
    this.told(this.followed)
  }

  /** The user took the camera. */
  letGo(): void {
    this.follow(undefined)
  }

  /** Things were moved, switched on or off, or a floor was opened. */
  renew(): void {
    this.overlay.renew()
  }

  setBadges(layer: string, badges: ReadonlyMap<string, Badge>): void {
    this.overlay.setBadges(layer, badges)
    this.soon()
  }

  pulse(ref: FeatureRef, grade: Grade): void {
    this.overlay.pulse(ref, grade)
    this.host.draw()
  }

  mark(ref: FeatureRef, grade: Grade | undefined): void {
    this.overlay.mark(ref, grade)
    this.host.draw()
  }

  setHeat(points: readonly HeatPoint[] | undefined): void {
    const { frame } = this.host
    this.heat =
      points && heatOf(points.map((p) => ({ at: frame.toLocal(p.lon, p.lat, frame.height), weight: p.weight ?? 1 })))
    this.heatChanged()
    this.host.draw()
  }

  dimOutside(zoneId: string | undefined): void {
    this.lit = zoneId
    this.dimChanged()
    this.host.draw()
  }

  setTrack(lines: readonly TrackLine[] | undefined): void {
    this.tracks = lines ?? []
    this.tracksChanged()
    this.host.draw()
  }

  /** After each drawn frame. */
  update(picture: LivePicture, names: readonly Box[]): void {
    this.canvas.update(picture)
    this.overlay.update(picture, names)
  }

  /** The middle of the points whose count is under a pixel. */
  crowdAt(x: number, y: number): Vec3 | undefined {
    const spots = (this.overlay.counted(x, y) ?? []).map((ref) => this.host.spot(ref)).filter((at) => at !== undefined)
    const mean = (k: 0 | 1 | 2): number => spots.reduce((sum, at) => sum + at[k], 0) / spots.length
    return spots.length > 0 ? [mean(0), mean(1), mean(2)] : undefined
  }

  /** The mover whose sign is under a pixel. */
  hit(picture: LivePicture, x: number, y: number): FeatureRef | undefined {
    let best: FeatureRef | undefined
    for (const [layer, { style, things }] of this.motions.layers) {
      if (!this.host.visible(layer)) continue
      let nearest = ((style.size ?? 28) / 2) * this.host.uiScale
      for (const thing of things.values()) {
        if (!this.host.onFloor(thing.at, thing.mover.floor)) continue
        const p = picture.project(this.motions.stand(thing))
        const d = p ? Math.hypot(p.x - x, p.y - y) : Infinity
        if (d < nearest) [best, nearest] = [thing.ref, d]
      }
    }
    return best
  }

  destroy(): void {
    this.ended = true
    cancelAnimationFrame(this.frame)
    this.overlay.destroy()
    this.canvas.destroy()
  }
}
