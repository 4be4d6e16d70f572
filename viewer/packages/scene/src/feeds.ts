import { SOLIDS } from './objects'
import { askRaster, type AreaRaster, type RasterKind, type RasterSource } from './raster'

/** Changes come in bursts (four layers of objects, a whole import): asked once for all of them. */
const CALM_MS = 200
const AGAIN_MS = 500
const AGAIN_MOST_MS = 30_000

/**
 * Keeps one raster in step with the server: asks when a shape has changed, one question at a time, until an answer is younger than the
 * last change. What came last stays while the server is away or its texels are being cut again.
 */
export class RasterFeed {
  raster: AreaRaster | undefined
  private wanted = false
  private asking = false
  private failures = 0
  private ended = false
  private timer: ReturnType<typeof setTimeout> | undefined

  /** `told`: after each answer, also when none came; whether the raster is another one now. */
  constructor(
    private readonly ask: (known: AreaRaster | undefined) => Promise<AreaRaster | undefined>,
    private readonly told: (fresh: boolean) => void,
  ) {}

  /** True when nothing better is to come soon. */
  get settled(): boolean {
    return this.failures > 0 || !(this.wanted || this.asking)
  }

  /** A shape has changed. */
  renew(): void {
    this.wanted = true
    if (this.failures > 0) this.hush() // who tells of a change is there again
    this.later(CALM_MS)
  }

  private later(ms: number): void {
    if (!this.asking && !this.ended) this.timer ??= setTimeout(() => void this.run(), ms)
  }

  private hush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
  }

  private async run(): Promise<void> {
    this.timer = undefined
    this.wanted = false
    this.asking = true
    const before = this.raster
    try {
      const raster = await this.ask(before)
      this.raster = raster
      this.failures = 0
    } catch (error) {
      console.warn('raster', error)
      this.failures += 1
      this.wanted = true
    }
    this.asking = false
    if (this.ended) return
    if (this.wanted)
      this.later(Math.min(AGAIN_MOST_MS, this.failures > 0 ? AGAIN_MS * 2 ** (this.failures - 1) : CALM_MS))
    this.told(this.raster !== before)
  }

  stop(): void {
    this.ended = true
    this.hush()
  }
}

/** The rasters of zones and of objects. */
export class RasterFeeds {
  private readonly feeds: Readonly<Record<RasterKind, RasterFeed>>

  constructor(source: RasterSource, ground: number, told: (kind: RasterKind, fresh: boolean) => void) {
    const feed = (kind: RasterKind) =>
      new RasterFeed(
        (known) => askRaster(source, kind, ground, known),
        (fresh) => told(kind, fresh),
      )
    this.feeds = { zone: feed('zone'), object: feed('object') }
  }

  get zone(): AreaRaster | undefined {
    return this.feeds.zone.raster
  }

  get object(): AreaRaster | undefined {
    return this.feeds.object.raster
  }

  get settled(): boolean {
    return this.feeds.zone.settled && this.feeds.object.settled
  }

  /** Something of a layer came, went or has another shape now. */
  renew(layer: string): void {
    if (layer === 'zone') this.feeds.zone.renew()
    else if ((SOLIDS as readonly string[]).includes(layer)) this.feeds.object.renew()
  }

  stop(): void {
    this.feeds.zone.stop()
    this.feeds.object.stop()
  }
}
