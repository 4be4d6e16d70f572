import type { Drape } from './drape'
import type { PlantModel } from './model'
import { bounds } from './polygon'
import { cutZones } from './raster'
import { riskOf, zonePaint } from './style'
import type { SceneFeature } from './types'

const RASTER = 2048
const PULSE_MS = 1600

export interface ZonePainterHost {
  drape(): Drape
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

/** Keeps the drape in step with the zones of the model: raster when a shape changes, texels when a level does. */
export class ZonePainter {
  private shapes = ''
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

  /** After the model took it. `changed`: ids that the next frame shows in their new colour. */
  changed(changed: string[] = []): void {
    this.cut()
    this.unsaid.push(...changed)
    this.paint()
    if (this.pulses.size > 0) this.runPulses()
  }

  /** The WebGL context is new: everything has to be sent again. */
  renew(): void {
    this.shapes = ''
    this.changed()
  }

  private cut(): void {
    const drape = this.host.drape()
    const zones = [...this.model.layer('zone').values()].filter((z) => z.rings.length > 0)
    const shapes = JSON.stringify(zones.map((z) => [z.ref.id, z.rings, z.zMin, z.zMax]))
    if (shapes === this.shapes) return
    this.shapes = shapes
    drape.setOpacity(zones.length > 0 ? 1 : 0)
    if (zones.length === 0) return
    const box = bounds(zones.flatMap((z) => z.rings))
    const half = Math.max(box.maxX - box.minX, box.maxY - box.minY) / 2 + 8
    const [cx, cy] = [(box.minX + box.maxX) / 2, (box.minY + box.maxY) / 2]
    const raster = cutZones(
      zones.map((z) => ({ id: z.ref.id, rings: z.rings, zMin: z.zMin, zMax: z.zMax })),
      { minX: cx - half, maxX: cx + half, minY: cy - half, maxY: cy + half },
      RASTER,
    )
    const range = new Map(zones.map((z): [string, [number, number]] => [z.ref.id, [z.zMin, z.zMax]]))
    drape.setRaster(raster, (id) => range.get(id) ?? [0, 0])
  }

  paint(): void {
    const drape = this.host.drape()
    const visible = this.host.visible()
    const chosen = this.host.selected()
    const lit = this.host.lit()
    drape.setDim(lit !== undefined)
    for (const [id, placed] of this.model.layer('zone')) {
      const started = this.pulses.get(id)
      const pulse = started === undefined ? 0 : Math.max(0, 1 - (performance.now() - started) / PULSE_MS)
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
      for (const [id, started] of this.pulses) if (now - started > PULSE_MS) this.pulses.delete(id)
      this.host.touch()
      this.paint()
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
