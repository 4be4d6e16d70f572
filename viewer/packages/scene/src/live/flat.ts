import { HUES, THEMES } from '@twin/ui'
import type { Vec3 } from '../frame'
import type { Point2 } from '../polygon'
import { rgb } from '../rgb'
import type { FeatureRef } from '../types'
import { LiveBase } from './base'
import type { LiveHost, LivePicture } from './host'
import type { Moving } from './motion'
import { signImage, signOf } from './signs'

export interface FlatHost extends LiveHost {
  /** rings of a zone in local metres */
  zoneRings(id: string): readonly Point2[][]
  lookAt(at: Vec3): void
}

/** Live things of the 2D map and plan, drawn on a canvas over it. */
export class FlatLive extends LiveBase {
  private heatImage: HTMLCanvasElement | undefined

  constructor(
    private readonly flat: FlatHost,
    told: (followed: FeatureRef | undefined) => void,
  ) {
    super(flat, () => 30, told)
    this.canvas.under = (c, picture) => this.paint(c, picture)
  }

  protected placed(): void {
    // the canvas is drawn anew with every frame
  }
  protected layerChanged(): void {
    // as above
  }
  protected tracksChanged(): void {
    // as above
  }
  protected dimChanged(): void {
    // as above
  }

  explode(): void {
    // seen from above there are no storeys
  }

  protected heatChanged(): void {
    this.heatImage = this.heat && heatPicture(this.heat.cells, this.heat.size)
  }

  protected lookAt(thing: Moving): void {
    this.flat.lookAt(thing.at)
  }

  private paint(c: CanvasRenderingContext2D, picture: LivePicture): void {
    if (this.lit !== undefined) this.dim(c, picture)
    if (this.heat && this.heatImage) {
      const { minX, minY, maxX, maxY } = this.heat.box
      const [a, b, d] = [
        picture.project([minX, maxY, 0]),
        picture.project([maxX, maxY, 0]),
        picture.project([minX, minY, 0]),
      ]
      if (a && b && d) {
        const n = this.heat.size
        c.save()
        c.transform((b.x - a.x) / n, (b.y - a.y) / n, (d.x - a.x) / n, (d.y - a.y) / n, a.x, a.y)
        c.drawImage(this.heatImage, 0, 0)
        c.restore()
      }
    }
    for (const line of this.tracks) {
      c.beginPath()
      line.points.forEach(([lon, lat, h], i) => {
        const p = picture.project(this.host.frame.toLocal(lon, lat, h))
        if (p) c[i === 0 ? 'moveTo' : 'lineTo'](p.x, p.y)
      })
      c.strokeStyle = HUES[line.hue]
      c.lineWidth = 3
      c.stroke()
    }
    this.signs(c, picture)
  }

  private signs(c: CanvasRenderingContext2D, picture: LivePicture): void {
    for (const [layer, { style, things }] of this.motions.layers) {
      if (!this.host.visible(layer)) continue
      const size = (style.size ?? 28) * 0.8 * this.host.uiScale
      const px = Math.round(size * 2)
      for (const { at, mover } of things.values()) {
        const p = picture.project(at)
        if (!p || p.x < -size || p.y < -size || p.x > picture.width + size || p.y > picture.height + size) continue
        c.globalAlpha = signOf(mover).alpha
        c.drawImage(signImage(mover, style, px), p.x - size / 2, p.y - size / 2, size, size)
      }
    }
    c.globalAlpha = 1
  }

  /** Everything but the zone is darkened. */
  private dim(c: CanvasRenderingContext2D, picture: LivePicture): void {
    const path = new Path2D()
    path.rect(0, 0, picture.width, picture.height)
    for (const ring of this.flat.zoneRings(this.lit ?? '')) {
      ring.forEach(([x, y], i) => {
        const p = picture.project([x, y, 0])
        if (p) path[i === 0 ? 'moveTo' : 'lineTo'](p.x, p.y)
      })
      path.closePath()
    }
    c.globalAlpha = 0.62
    c.fillStyle = THEMES.wall.bg
    c.fill(path, 'evenodd')
    c.globalAlpha = 1
  }
}

/** North is up in the picture, south is first in the raster. */
function heatPicture(cells: Uint8Array, size: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size
  const c = canvas.getContext('2d')
  const image = c?.createImageData(size, size)
  if (!c || !image) return canvas
  const [low, high] = [rgb(HUES.violet), rgb(HUES.white)]
  for (let row = 0; row < size; row++)
    for (let col = 0; col < size; col++) {
      const v = (cells[(size - 1 - row) * size + col] as number) / 255
      const mix = (k: 0 | 1 | 2) => low[k] + (high[k] - low[k]) * v * v
      image.data.set([mix(0), mix(1), mix(2), 215 * Math.min(1, v * 1.4)], (row * size + col) * 4)
    }
  c.putImageData(image, 0, 0)
  return canvas
}
