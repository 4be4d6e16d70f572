import { HUES } from '@twin/ui'
import type { Engine } from '../engine'
import type { Floors } from '../floors'
import type { Vec3 } from '../frame'
import { lines } from '../shapes'
import type { FeatureRef } from '../types'
import { LiveBase } from './base'
import type { LiveHost } from './host'
import type { Moving } from './motion'

export interface SceneLiveHost extends LiveHost {
  engine(): Engine
  floors: Floors
  /** zones to paint as lit while the rest is dimmed; undefined: nothing is */
  dim(zoneId: string | undefined): void
  lookAt(at: Vec3): void
  redraw(): void
}

/** Live things on the 3D model. */
export class SceneLive extends LiveBase {
  constructor(
    private readonly scene: SceneLiveHost,
    told: (followed: FeatureRef | undefined) => void,
  ) {
    super(scene, () => (scene.engine().software ? 900 : 30), told)
    // above its fix, and with its storey where those are drawn apart
    this.motions.lift = ({ ref, at, mover }) =>
      (this.motions.layers.get(ref.layer)?.style.lift ?? 1) + scene.floors.lift(at, mover.floor)
  }

  protected placed(things: Iterable<Moving>): void {
    const { signs } = this.scene.engine()
    for (const thing of things) signs.place(thing, this.motions.stand(thing))
  }

  protected layerChanged(layer: string): void {
    const movers = this.motions.layers.get(layer)
    if (!movers) return
    const visible = this.host.visible(layer)
    const fresh = this.scene.engine().signs.sync(
      layer,
      movers,
      (thing) => visible && this.host.onFloor(thing.at, thing.mover.floor),
      (thing) => this.motions.stand(thing),
    )
    // frames are drawn on request only, and pictures come in between two of them
    if (fresh) for (const later of [60, 400]) setTimeout(() => this.host.draw(), later)
  }

  /** Also when the context is new. */
  override renew(): void {
    super.renew()
    for (const layer of this.motions.layers.keys()) this.layerChanged(layer)
    this.heatChanged()
    this.tracksChanged()
  }

  protected heatChanged(): void {
    this.scene.engine().drape.setHeat(this.heat)
  }

  protected tracksChanged(): void {
    const { frame } = this.host
    const hues = [...new Set(this.tracks.map((t) => t.hue))]
    const paths = (hue: string) =>
      this.tracks
        .filter((t) => t.hue === hue)
        .map((t) =>
          t.points.map(([lon, lat, h]): Vec3 => {
            const [x, y, z] = frame.toLocal(lon, lat, h)
            return [x, y, z + 0.6]
          }),
        )
    this.scene.engine().keep(
      'tracks',
      hues.map((hue) => lines(frame, paths(hue), HUES[hue], 3.5, 0.4)),
    )
  }

  protected dimChanged(): void {
    this.scene.dim(this.lit)
  }

  protected lookAt(thing: Moving): void {
    this.scene.lookAt(thing.at)
  }

  explode(on: boolean): void {
    this.scene.floors.exploded = on
    this.scene.redraw()
  }
}
