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
import { keyOf } from './live/host'
import type { Placed } from './model'
import { pinStyle, type PinStyle } from './style'
import { reachOf } from './thin'

export interface Pin {
  placed: Placed
  style: PinStyle
  at: Vec3
  /** its height before any lift */
  foot: number
  show: boolean
  /** seen up to here, m; the chosen one from anywhere */
  far: number
  /** it is the chosen one */
  big: boolean
  main: Billboard
  ghost: Billboard
}

const SIZE = 34
const FROM_ANYWHERE = 5000

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

  /** All of a layer as it is now; pins whose place and look stay are left alone. */
  setLayer(layer: string, things: ReadonlyMap<string, Placed>): void {
    for (const [key, pin] of this.byKey) {
      const { ref } = pin.placed
      if (ref.layer !== layer) continue
      const now = things.get(ref.id)
      if (now === pin.placed && pinStyle(layer, now.feature) === pin.style) continue
      this.mains.remove(pin.main)
      this.ghosts.remove(pin.ghost)
      this.byKey.delete(key)
    }
    for (const placed of things.values())
      if (placed.feature.geometry.type === 'Point' && !this.byKey.has(keyOf(placed.ref))) this.add(placed)
    if (layer === 'device') this.thin(layer)
  }

  /** Where points are dense one stands for its neighbours from afar, detectors of gas first. */
  private thin(layer: string): void {
    const pins = [...this.byKey.values()].filter((pin) => pin.placed.ref.layer === layer)
    const rank = (pin: Pin): number => pin.style.far + (pin.placed.feature.properties['safety'] === true ? 1 : 0)
    pins.sort((a, b) => rank(b) - rank(a) || (a.placed.ref.id < b.placed.ref.id ? -1 : 1))
    reachOf(pins.map((pin) => pin.placed.at)).forEach((reach, n) => {
      const pin = pins[n] as Pin
      const far = Math.min(pin.style.far, reach)
      if (far === pin.far) return
      pin.far = far
      pin.main.translucencyByDistance = new NearFarScalar(far * 0.75, 1, far, 0)
      this.reach(pin)
    })
  }

  private reach(pin: Pin): void {
    const far = pin.big ? FROM_ANYWHERE : pin.far
    pin.main.distanceDisplayCondition = pin.ghost.distanceDisplayCondition = new DistanceDisplayCondition(0, far)
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
    const pin = { placed, style, at, foot: at[2], show: false, far: style.far, big: false, main, ghost }
    this.byKey.set(keyOf(placed.ref), pin)
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
      const big = key === selected
      const show = big || visible(pin.placed)
      if (show !== pin.show) pin.show = pin.main.show = pin.ghost.show = show
      if (big === pin.big) continue
      pin.big = big
      pin.main.scale = pin.ghost.scale = big ? 1.35 : 1
      pin.ghost.color = Color.WHITE.withAlpha(big ? 0.9 : 0.28)
      this.reach(pin)
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
