import {
  BillboardCollection,
  Cartesian3,
  Color,
  DistanceDisplayCondition,
  HorizontalOrigin,
  NearFarScalar,
  VerticalOrigin,
  type Billboard,
  type Scene,
} from '@cesium/engine'
import { ICONS } from '@twin/ui'
import type { SiteFrame, Vec3 } from './frame'
import type { Placed } from './model'
import { pinStyle, type PinStyle } from './style'

export interface Pin {
  placed: Placed
  style: PinStyle
  at: Vec3
  /** its height before any lift */
  foot: number
  show: boolean
  main: Billboard
  ghost: Billboard
}

const SIZE = 34

/** Where the icon of a point stands. */
export function pinAt(placed: Placed, style = pinStyle(placed.ref.layer, placed.feature)): Vec3 {
  const [x, y, z] = placed.at
  return [x, y, Math.max(0, z) + style.lift]
}

/** Icons of points: upright, with a ghost where the model hides them. One collection for all layers. */
export class Pins {
  readonly byKey = new Map<string, Pin>()
  private readonly ghosts: BillboardCollection
  private readonly mains: BillboardCollection

  constructor(
    scene: Scene,
    private readonly frame: SiteFrame,
    private readonly plate: string,
    private scale: number,
  ) {
    this.ghosts = scene.primitives.add(new BillboardCollection({ scene })) as BillboardCollection
    this.mains = scene.primitives.add(new BillboardCollection({ scene })) as BillboardCollection
  }

  setLayer(layer: string, placed: Iterable<Placed>): void {
    for (const [key, pin] of this.byKey)
      if (pin.placed.ref.layer === layer) {
        this.mains.remove(pin.main)
        this.ghosts.remove(pin.ghost)
        this.byKey.delete(key)
      }
    for (const p of placed) if (p.feature.geometry.type === 'Point') this.add(p)
  }

  private add(placed: Placed): void {
    const style = pinStyle(placed.ref.layer, placed.feature)
    const at = pinAt(placed, style)
    const shared = {
      position: Cartesian3.fromArray(this.frame.toEcef(at)),
      width: SIZE * this.scale,
      height: SIZE * this.scale,
      verticalOrigin: VerticalOrigin.CENTER,
      horizontalOrigin: HorizontalOrigin.CENTER,
      scaleByDistance: new NearFarScalar(150, 1, 900, 0.7),
      distanceDisplayCondition: new DistanceDisplayCondition(0, style.far),
      show: false,
    }
    const main = this.mains.add({
      ...shared,
      translucencyByDistance: new NearFarScalar(style.far * 0.75, 1, style.far, 0),
    })
    const ghost = this.ghosts.add({
      ...shared,
      color: Color.WHITE.withAlpha(0.28),
      disableDepthTestDistance: Number.POSITIVE_INFINITY,
    })
    const image = this.image(style)
    main.setImage(image.id, image.canvas)
    ghost.setImage(image.id, image.canvas)
    this.byKey.set(`${placed.ref.layer}:${placed.ref.id}`, { placed, style, at, foot: at[2], show: false, main, ghost })
  }

  /** Which pins stand, and which of them is chosen. */
  update(
    visible: (placed: Placed) => boolean,
    selected: string | undefined,
    lift: (placed: Placed) => number = () => 0,
  ): void {
    for (const [key, pin] of this.byKey) {
      const z = pin.foot + lift(pin.placed)
      if (z !== pin.at[2]) {
        pin.at = [pin.at[0], pin.at[1], z]
        pin.main.position = pin.ghost.position = Cartesian3.fromArray(this.frame.toEcef(pin.at))
      }
      pin.show = visible(pin.placed) || key === selected
      pin.main.show = pin.ghost.show = pin.show
      const big = key === selected
      pin.main.scale = pin.ghost.scale = big ? 1.35 : 1
      pin.ghost.color = Color.WHITE.withAlpha(big ? 0.9 : 0.28)
      const far = big ? 5000 : pin.style.far
      pin.main.distanceDisplayCondition = pin.ghost.distanceDisplayCondition = new DistanceDisplayCondition(0, far)
    }
  }

  private readonly images = new Map<string, HTMLCanvasElement>()

  private image({ icon, hue, shape }: PinStyle): { id: string; canvas: HTMLCanvasElement } {
    const id = `${icon} ${hue} ${shape}`
    const known = this.images.get(id)
    if (known) return { id, canvas: known }
    const px = Math.round(SIZE * 2 * Math.max(1, this.scale))
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = px
    const c = canvas.getContext('2d')
    if (c) {
      const s = px / 60
      c.scale(s, s)
      c.beginPath()
      if (shape === 'circle') c.arc(30, 30, 26, 0, 2 * Math.PI)
      else c.roundRect(5, 5, 50, 50, 11)
      c.fillStyle = this.plate
      c.fill()
      c.lineWidth = 4
      c.strokeStyle = hue
      c.stroke()
      c.translate(12, 12)
      c.scale(1.5, 1.5)
      c.lineWidth = 2
      c.lineCap = c.lineJoin = 'round'
      c.stroke(new Path2D(ICONS[icon]))
    }
    this.images.set(id, canvas)
    return { id, canvas }
  }
}
