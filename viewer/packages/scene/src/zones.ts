import type { Drape, Paint } from './drape'
import type { PlantModel, Placed } from './model'
import { Pulses, TICK_MS, tickAt, tickOf } from './pulses'
import type { AreaRaster } from './raster'
import { Slices } from './slices'
import { zonePaint } from './style'
import type { SceneFeature } from './types'

export interface ZonePainterHost {
  drape(): Drape
  /** which zone stands where, as far as the server has said it */
  raster(): AreaRaster | undefined
  visible(): boolean
  selected(): string | undefined
  /** zones that stay bright while the rest is dimmed; undefined: nothing is dimmed */
  lit(): ReadonlySet<string> | undefined
  draw(): void
  /** paints the zones on the bare ground where there is no mesh to paint them on */
  ground(): void
  /** zones that came, went or have another shape */
  reshaped(ids: string[]): void
  /** several frames in a row are coming */
  touch(): void
  /** shortest time between two pictures of a pulse, ms: without a graphics processor each costs half a second of both cores */
  pause(): number
}

/** Keeps the drape in step with the zones: the server's raster when a shape changes, texels of a palette when a level does. */
export class ZonePainter {
  private readonly pulses = new Pulses()
  private timer: ReturnType<typeof setInterval> | undefined
  private unsaid: string[] = []
  /** when the last picture of a pulse was asked for, ms */
  private told = 0
  private readonly shapes = new Slices<string>((ids) => this.reshaped(this.model.reshape('zone', ids)))

  constructor(
    private readonly model: PlantModel,
    private readonly host: ZonePainterHost,
  ) {}

  /**
   * Takes a change in. Texels are written in one go through the zones, however many they are; whether some have another shape too is
   * looked at afterwards, as most have not and their colour need not wait for it.
   */
  change(set: ReadonlyMap<string, SceneFeature>, gone: ReadonlySet<string>): void {
    const [drape, look] = [this.host.drape(), this.look()]
    const started = performance.now()
    const tick = tickOf(started)
    const recoloured: string[] = []
    const fresh = this.model.take('zone', set, (zone, before) => {
      const differs = before !== zone.level
      if (differs) recoloured.push(zone.ref.id)
      drape.paint(zone.texel, look(zone), differs ? tick : undefined)
    })
    if (recoloured.length > 0) {
      this.unsaid = this.unsaid.concat(recoloured)
      this.pulses.start(recoloured, started)
      this.runPulses()
    }
    this.send()
    this.reshaped([...fresh, ...this.model.remove('zone', gone)])
    this.shapes.add(set.keys())
  }

  /** These came, went or have another shape now. */
  private reshaped(ids: string[]): void {
    if (ids.length === 0) return
    this.paint()
    this.host.reshaped(ids)
  }

  /** How zones look now. */
  private look(): (zone: Placed) => Paint {
    const visible = this.host.visible()
    const chosen = this.host.selected()
    const lit = this.host.lit()
    return ({ feature, level, ref: { id } }) =>
      zonePaint(feature, level, id === chosen, visible, lit?.has(id) ?? false)
  }

  /** The next frame shows what is painted. */
  private send(): void {
    this.host.drape().flush()
    this.host.ground()
    this.host.draw()
  }

  /** The raster is another one, or the WebGL context is new: everything has to be sent again. */
  renew(): void {
    this.host.drape().setZones(this.host.raster())
    this.paint()
  }

  /** Writes the texels of all zones. */
  paint(): void {
    const drape = this.host.drape()
    drape.setDim(this.host.lit() !== undefined)
    drape.clear()
    const look = this.look()
    for (const zone of this.model.layer('zone').values()) {
      zone.texel = drape.texel(zone.ref.id)
      drape.paint(zone.texel, look(zone))
    }
    for (const pulse of this.pulses) drape.pulse(pulse.ids, pulse.tick)
    this.send()
  }

  /** A level that changed takes the eye once, for less than two seconds: the shader fades it, a tick at a time. */
  private runPulses(): void {
    const tell = (now: number): void => {
      this.host.drape().setTick(tickAt(now))
      // the last one is without any
      if (this.pulses.size > 0 && now - this.told < this.host.pause()) return
      this.told = now
      this.host.touch()
      this.host.draw()
    }
    tell(performance.now())
    if (this.timer) return
    this.timer = setInterval(() => {
      const now = performance.now()
      const over = this.pulses.end(now)
      for (const { ids, tick } of over) this.host.drape().calm(ids, tick)
      if (over.length > 0) this.host.drape().flush()
      tell(now)
      if (this.pulses.size === 0) this.stop()
    }, TICK_MS)
  }

  /** After a frame: the zones whose new colour it has drawn. */
  drawn(): string[] {
    const drawn = this.unsaid
    this.unsaid = []
    return drawn
  }

  /** For good. */
  end(): void {
    this.stop()
    this.shapes.stop()
  }

  private stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }
}
