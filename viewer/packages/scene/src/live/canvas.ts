import { HUES } from '@twin/ui'
import type { Vec3 } from '../frame'
import type { LiveHost, LivePicture } from './host'
import type { Motions } from './motion'
import { signOf } from './signs'

const SEGMENTS = 32

/** A canvas over the picture: rings of uncertainty, and whatever a 2D view draws with it. */
export class LiveCanvas {
  readonly element = document.createElement('canvas')
  private readonly context = this.element.getContext('2d')
  private empty = true
  /** drawn below the rings, for views without a 3D engine */
  under: ((c: CanvasRenderingContext2D, picture: LivePicture) => void) | undefined

  constructor(
    private readonly host: LiveHost,
    private readonly motions: Motions,
  ) {
    this.element.className = 'scene-live-canvas'
    host.element.append(this.element)
  }

  update(picture: LivePicture): void {
    const c = this.context
    if (!c) return
    const rings = this.rings(picture)
    if (rings.length === 0 && this.empty && !this.under) return
    const ratio = devicePixelRatio
    const [w, h] = [Math.round(picture.width * ratio), Math.round(picture.height * ratio)]
    if (this.element.width !== w || this.element.height !== h) Object.assign(this.element, { width: w, height: h })
    c.setTransform(ratio, 0, 0, ratio, 0, 0)
    c.clearRect(0, 0, picture.width, picture.height)
    this.under?.(c, picture)
    for (const { hue, path, chosen } of rings) {
      c.strokeStyle = hue
      c.lineWidth = chosen ? 3 : 1.5
      c.globalAlpha = 0.9
      c.stroke(path)
      c.globalAlpha = chosen ? 0 : 0.12
      c.fillStyle = hue
      c.fill(path)
      c.globalAlpha = 1
    }
    this.empty = rings.length === 0
  }

  /** A circle on the level of the fix for what is not exact, and one around the chosen mover's sign. */
  private rings(picture: LivePicture): { hue: string; path: Path2D; chosen: boolean }[] {
    const out: { hue: string; path: Path2D; chosen: boolean }[] = []
    const selected = this.host.selected()
    for (const [layer, { style, things }] of this.motions.layers) {
      if (!this.host.visible(layer)) continue
      for (const thing of things.values()) {
        const { ref, at, mover } = thing
        const chosen = selected?.layer === layer && selected.id === ref.id
        const unsure = mover.state !== 'good' && mover.state !== 'held' && (mover.r95 ?? 0) > 0
        if (!chosen && !unsure) continue
        if (!this.host.onFloor(at, mover.floor) || picture.distance(at) > (style.far ?? 1500)) continue
        const hue = signOf(mover).hue
        const stand = this.motions.stand(thing)
        const level: Vec3 = [at[0], at[1], stand[2] - (style.lift ?? 1)]
        const ring = unsure && circle(picture, level, mover.r95 ?? 0)
        if (ring) out.push({ hue, path: ring, chosen: false })
        const p = chosen && picture.project(stand)
        if (!p) continue
        const path = new Path2D()
        path.arc(p.x, p.y, ((style.size ?? 28) / 2 + 4) * this.host.uiScale, 0, 2 * Math.PI)
        out.push({ hue: HUES.white, path, chosen: true })
      }
    }
    return out
  }

  destroy(): void {
    this.element.remove()
  }
}

/** A level circle as it is seen. */
function circle(picture: LivePicture, [x, y, z]: Vec3, radius: number): Path2D | undefined {
  const path = new Path2D()
  for (let i = 0; i < SEGMENTS; i++) {
    const turn = (2 * Math.PI * i) / SEGMENTS
    const p = picture.project([x + radius * Math.cos(turn), y + radius * Math.sin(turn), z])
    if (!p) return undefined
    if (i === 0) path.moveTo(p.x, p.y)
    else path.lineTo(p.x, p.y)
  }
  path.closePath()
  return path
}
