import { orbitInto } from './approach'
import type { Engine } from './engine'
import type { SiteFrame, Vec3 } from './frame'
import type { Labels } from './labels'
import { Measure } from './measure'
import type { PlantModel } from './model'
import type { Orbit } from './orbit'
import { drawMeasure } from './overlays'
import { pinUnder, pointAt, thingAt, type Rasters } from './picking'
import type { FeatureRef, MeasureMode, MeasureResult, PickInfo } from './types'

export interface PointerHost {
  element: HTMLElement
  frame: SiteFrame
  model: PlantModel
  labels: Labels
  uiScale: number
  engine(): Engine
  orbit(): Orbit
  visible(): ReadonlySet<string>
  rasters: Rasters
  moverAt(x: number, y: number): FeatureRef | undefined
  /** the middle of the points whose count stands there */
  crowdAt(x: number, y: number): Vec3 | undefined
  picked(info: PickInfo): void
  /** the pointer is over this thing, or over none */
  hovered(ref: FeatureRef | undefined): void
  measured(result: MeasureResult | undefined): void
  flyTo(orbit: Orbit): void
}

/** What clicks, double clicks and hovering on the picture mean. Pixels are CSS px of the scene's element. */
export class Pointer {
  private measuring: Measure | undefined
  private hoverAt: { x: number; y: number } | undefined
  private last: { x: number; y: number } | undefined

  constructor(private readonly host: PointerHost) {}

  click(x: number, y: number): void {
    const position = this.pointAt(x, y)
    if (this.measuring) {
      if (!position) return
      this.measuring.add(position)
      this.showMeasure()
      return
    }
    const crowd = this.host.crowdAt(x, y)
    if (crowd) {
      this.host.flyTo(orbitInto(crowd, this.host.orbit()))
      return
    }
    const ref = this.signAt(x, y) ?? this.thingUnder(x, y, position)
    this.host.picked({ ref, position: position && this.host.frame.toLonLat(position), screen: { x, y } })
  }

  /** The picture changed under a pointer that rests. */
  again(): void {
    if (this.last) this.hover(this.last.x, this.last.y)
  }

  leave(): void {
    this.last = this.hoverAt = undefined
    this.host.hovered(undefined)
  }

  /** The part of the model under the pointer: its place from the depth that is drawn already, its name from the raster. */
  thingUnder(x: number, y: number, position = this.pointAt(x, y)): FeatureRef | undefined {
    const { model, rasters } = this.host
    return position && thingAt(model, this.host.visible(), position, rasters)?.ref
  }

  /** Sign or name under the pointer, movers first: they cannot wait. */
  private signAt(x: number, y: number): FeatureRef | undefined {
    const { labels, uiScale } = this.host
    return (
      this.host.moverAt(x, y) ??
      labels.hit(x, y)?.ref ??
      pinUnder(this.host.engine(), this.host.orbit(), x, y, 15 * uiScale)?.ref
    )
  }

  doubleClick(x: number, y: number): void {
    if (this.measuring) {
      this.measuring.finish()
      this.showMeasure()
      return
    }
    const p = this.pointAt(x, y)
    const orbit = this.host.orbit()
    if (p) this.host.flyTo({ ...orbit, x: p[0], y: p[1], z: Math.max(0, p[2]), range: orbit.range * 0.5 })
  }

  hover(x: number, y: number): void {
    const known = this.hoverAt
    this.last = this.hoverAt = { x, y }
    if (known) return
    requestAnimationFrame(() => {
      const at = this.hoverAt
      this.hoverAt = undefined
      if (!at) return
      if (this.measuring) {
        this.host.element.style.cursor = 'crosshair'
        return
      }
      const sign = this.signAt(at.x, at.y)
      this.host.element.style.cursor = sign || this.host.crowdAt(at.x, at.y) ? 'pointer' : ''
      this.host.hovered(sign ?? this.thingUnder(at.x, at.y))
    })
  }

  private pointAt(x: number, y: number): Vec3 | undefined {
    return pointAt(this.host.engine(), this.host.orbit(), x, y)
  }

  measure(mode: MeasureMode | undefined): void {
    this.measuring = mode && new Measure(mode)
    this.host.element.style.cursor = mode ? 'crosshair' : ''
    this.showMeasure()
  }

  private showMeasure(): void {
    drawMeasure(this.host.engine(), this.host.frame, this.measuring)
    const result = this.measuring?.result()
    if (result?.mode === 'volume' && result.done)
      result.outline = this.measuring?.points.map((p) => this.host.frame.toLonLat(p)) ?? []
    this.host.measured(result)
  }
}
