import type { Drape } from './drape'
import type { PlantModel } from './model'
import type { AreaRaster } from './raster'
import { riskOf, zonePaint } from './style'
import type { SceneFeature } from './types'

const PULSE_MS = 1600

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
  /** several frames in a row are coming */
  touch(): void
}

/** Keeps the drape in step with the zones: the server's raster when a shape changes, texels of a palette when a level does. */
export class ZonePainter {
  private readonly pulses = new Map<string, number>()
  private timer = 0
  private unsaid: string[] = []

  constructor(
    private readonly model: PlantModel,
    private readonly host: ZonePainterHost,
  ) {}

  /** Before the model takes the change: the zones whose level will differ. */
  noticeChanges(set: ReadonlyMap<string, SceneFeature>): string[] {
    const differ: string[] = []
    for (const [id, feature] of set) {
      const before = this.model.layer('zone').get(id)?.feature
      if (!before || riskOf(before) === riskOf(feature)) continue
      this.pulses.set(id, performance.now())
      differ.push(id)
    }
    return differ
  }

  /** After the model took it. `changed`: all may differ where undefined; the next frame shows `recoloured` in their new colour. */
  changed(changed?: Iterable<string>, recoloured: readonly string[] = []): void {
    this.unsaid.push(...recoloured)
    this.paint(changed)
    if (this.pulses.size > 0) this.runPulses()
  }

  /** The raster is another one, or the WebGL context is new: everything has to be sent again. */
  renew(): void {
    this.host.drape().setZones(this.host.raster())
    this.paint()
  }

  /** Writes the texels of these zones, or of all. */
  paint(ids?: Iterable<string>): void {
    const drape = this.host.drape()
    const visible = this.host.visible()
    const chosen = this.host.selected()
    const lit = this.host.lit()
    const zones = this.model.layer('zone')
    drape.setDim(lit !== undefined)
    if (!ids) drape.clear()
    const now = performance.now()
    for (const id of ids ?? zones.keys()) {
      const placed = zones.get(id)
      if (!placed) continue
      const started = this.pulses.get(id)
      const pulse = started === undefined ? 0 : Math.max(0, 1 - (now - started) / PULSE_MS)
      drape.paint(
        id,
        zonePaint(placed.feature, { selected: id === chosen, pulse, visible, lit: lit?.has(id) ?? false }),
      )
    }
    drape.flush()
    if (this.pulses.size === 0 || this.unsaid.length > 0) this.host.ground()
    this.host.draw()
  }

  /** A level that changed takes the eye once, for less than two seconds. */
  private runPulses(): void {
    if (this.timer) return
    this.timer = window.setInterval(() => {
      const now = performance.now()
      const pulsing = [...this.pulses.keys()]
      for (const [id, started] of this.pulses) if (now - started > PULSE_MS) this.pulses.delete(id)
      this.host.touch()
      this.paint(pulsing)
      if (this.pulses.size === 0) this.stop()
    }, 60)
  }

  /** After a frame: the zones whose new colour it has drawn. */
  drawn(): string[] {
    return this.unsaid.splice(0)
  }

  stop(): void {
    clearInterval(this.timer)
    this.timer = 0
  }
}
