import {
  BillboardCollection,
  Cartesian3,
  Color,
  DistanceDisplayCondition,
  HorizontalOrigin,
  NearFarScalar,
  PointPrimitiveCollection,
  VerticalOrigin,
  type Billboard,
  type PointPrimitive,
  type Scene,
} from '@cesium/engine'
import type { SiteFrame, Vec3 } from '../frame'
import { keyOf } from './host'
import type { MoverLayer, Moving } from './motion'
import { signImage, signKey, signOf } from './signs'

interface Sign {
  layer: string
  look: string
  main: Billboard
  ghost: PointPrimitive
}

/** Signs of movers in one WebGL context: an upright glyph, and a dot that shows through where the model hides it. */
export class Signs {
  private readonly mains: BillboardCollection
  private readonly ghosts: PointPrimitiveCollection
  private readonly byKey = new Map<string, Sign>()

  constructor(
    scene: Scene,
    private readonly frame: SiteFrame,
    private readonly scale: number,
  ) {
    this.ghosts = scene.primitives.add(new PointPrimitiveCollection()) as PointPrimitiveCollection
    this.mains = scene.primitives.add(new BillboardCollection({ scene })) as BillboardCollection
  }

  /** Brings a layer's signs in step with it. True when a sign has a new picture, which the engine takes in after this frame. */
  sync(layer: string, movers: MoverLayer, shows: (thing: Moving) => boolean, at: (thing: Moving) => Vec3): boolean {
    let fresh = false
    for (const [key, sign] of this.byKey)
      if (sign.layer === layer && !movers.things.has(key.slice(layer.length + 1))) {
        this.mains.remove(sign.main)
        this.ghosts.remove(sign.ghost)
        this.byKey.delete(key)
      }
    for (const thing of movers.things.values()) {
      const sign = this.byKey.get(keyOf(thing.ref)) ?? this.add(layer, movers, thing)
      const look = signKey(thing.mover, movers.style)
      const { hue, alpha } = signOf(thing.mover)
      if (sign.look !== look) {
        const px = Math.round((movers.style.size ?? 28) * this.scale * 2)
        sign.main.setImage(`${look} ${px}`, signImage(thing.mover, movers.style, px))
        sign.ghost.color = Color.fromCssColorString(hue).withAlpha(0.35 * alpha)
        sign.look = look
        fresh = true
      }
      sign.main.color = Color.WHITE.withAlpha(alpha)
      sign.main.show = sign.ghost.show = shows(thing)
      this.place(thing, at(thing))
    }
    return fresh
  }

  place(thing: Moving, at: Vec3): void {
    const sign = this.byKey.get(keyOf(thing.ref))
    if (sign) sign.main.position = sign.ghost.position = Cartesian3.fromArray(this.frame.toEcef(at))
  }

  private add(layer: string, { style }: MoverLayer, thing: Moving): Sign {
    const size = (style.size ?? 28) * this.scale
    const position = Cartesian3.fromArray(this.frame.toEcef(thing.at))
    const condition = new DistanceDisplayCondition(0, style.far ?? 1500)
    const main = this.mains.add({
      position,
      width: size,
      height: size,
      verticalOrigin: VerticalOrigin.CENTER,
      horizontalOrigin: HorizontalOrigin.CENTER,
      scaleByDistance: new NearFarScalar(120, 1, 900, 0.5),
      distanceDisplayCondition: condition,
    })
    const ghost = this.ghosts.add({
      position,
      pixelSize: size * 0.36,
      scaleByDistance: new NearFarScalar(120, 1, 900, 0.6),
      distanceDisplayCondition: condition,
      disableDepthTestDistance: Number.POSITIVE_INFINITY,
    })
    const sign = { layer, look: '', main, ghost }
    this.byKey.set(keyOf(thing.ref), sign)
    return sign
  }
}
