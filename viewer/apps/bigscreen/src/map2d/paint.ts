import {
  declutter,
  labelStyle,
  riskOf,
  standing,
  type Candidate,
  type Measure,
  type Placed,
  type PlantModel,
  type SceneFeature,
  type SceneTexts,
} from '@twin/scene'
import { HUES, RISK, RISK_PATHS, THEMES } from '@twin/ui'

const POINTS: Record<string, string> = {
  anchor: HUES.grey,
  device: HUES.teal,
  camera: HUES.sand,
  gate: HUES.white,
  assembly_point: HUES.white,
}
const AREAS = ['unit', 'warehouse', 'building', 'tank'] as const
const ZONE_FILL: Record<string, number> = { plant: 0, area: 0.1, unit: 0.28, place: 0.4 }

/** What one picture of the plan shows. */
export interface Picture {
  /** middle in local metres, CSS px per metre */
  at: { x: number; y: number; scale: number }
  toPixel(x: number, y: number): [number, number]
  visible: ReadonlySet<string>
  selected: Placed | undefined
  measuring: Measure | undefined
}

/** Signs are as wide, CSS px. */
const SIGN = 14

/** Where points are dense a safety instrument stands for its neighbours. */
const safetyFirst = (points: Placed[]): Placed[] => {
  const safety = ({ feature }: Placed): boolean => feature.properties['safety'] === true
  return [...points.filter(safety), ...points.filter((p) => !safety(p))]
}

/** Draws the plan with the 2D canvas alone. */
export class PlanPainter {
  private now: Picture = {
    at: { x: 0, y: 0, scale: 1 },
    toPixel: () => [0, 0],
    visible: new Set(),
    selected: undefined,
    measuring: undefined,
  }

  /** the points that stand in the picture */
  signs: Placed[] = []
  /** boxes that names take, CSS px */
  names: readonly { x: number; y: number; width: number; height: number }[] = []

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly element: HTMLElement,
    private readonly model: PlantModel,
    private readonly texts: SceneTexts,
  ) {}

  paint(picture: Picture): void {
    this.now = picture
    this.signs = []
    const c = this.canvas.getContext('2d')
    if (!c) return
    const { clientWidth: w, clientHeight: h } = this.element
    const ratio = devicePixelRatio
    if (this.canvas.width !== w * ratio || this.canvas.height !== h * ratio) {
      this.canvas.width = w * ratio
      this.canvas.height = h * ratio
    }
    c.setTransform(ratio, 0, 0, ratio, 0, 0)
    c.fillStyle = THEMES.wall.bg
    c.fillRect(0, 0, w, h)
    if (this.now.visible.has('road')) this.roads(c)
    for (const layer of AREAS) if (this.now.visible.has(layer)) this.areas(c, layer)
    if (this.now.visible.has('zone')) this.zones(c)
    if (this.now.visible.has('geofence'))
      for (const p of this.model.layer('geofence').values()) this.shape(c, p, HUES.violet, 0.12, 1.5)
    for (const [layer, colour] of Object.entries(POINTS)) if (this.now.visible.has(layer)) this.points(c, layer, colour)
    if (this.now.selected) this.chosen(c, this.now.selected)
    this.labels(c)
    if (this.now.measuring) this.measureLines(c)
  }

  private path(
    c: CanvasRenderingContext2D,
    rings: readonly (readonly (readonly [number, number])[])[],
    close = true,
  ): void {
    c.beginPath()
    for (const ring of rings) {
      ring.forEach(([x, y], i) => {
        const p = this.now.toPixel(x, y)
        if (i === 0) c.moveTo(...p)
        else c.lineTo(...p)
      })
      if (close) c.closePath()
    }
  }

  private shape(c: CanvasRenderingContext2D, placed: Placed, colour: string, fill: number, width: number): void {
    this.path(c, placed.rings)
    c.fillStyle = c.strokeStyle = colour
    c.globalAlpha = fill
    c.fill('evenodd')
    c.globalAlpha = 1
    c.lineWidth = width
    c.stroke()
  }

  private roads(c: CanvasRenderingContext2D): void {
    for (const placed of this.model.layer('road').values()) {
      this.path(c, [placed.line.map(([x, y]) => [x, y] as const)], false)
      c.strokeStyle = THEMES.wall.raised
      c.lineWidth = Math.max(1, Number(placed.feature.properties['width_m'] ?? 6) * this.now.at.scale)
      c.stroke()
    }
  }

  private areas(c: CanvasRenderingContext2D, layer: string): void {
    for (const placed of this.model.layer(layer).values()) this.shape(c, placed, HUES.grey, 0.22, 1)
  }

  private zones(c: CanvasRenderingContext2D): void {
    const size = ({ box }: Placed) => (box.maxX - box.minX) * (box.maxY - box.minY)
    for (const placed of [...this.model.layer('zone').values()].sort((a, b) => size(b) - size(a))) {
      const kind = String(placed.feature.properties['kind'])
      this.shape(
        c,
        placed,
        RISK[riskOf(placed.feature)].colour,
        ZONE_FILL[kind] ?? 0.28,
        kind === 'plant' || kind === 'area' ? 1 : 2.5,
      )
    }
  }

  private points(c: CanvasRenderingContext2D, layer: string, colour: string): void {
    if ((layer === 'device' || layer === 'anchor') && this.now.at.scale < 2) return
    const { clientWidth: w, clientHeight: h } = this.element
    const all = this.model.layer(layer).values()
    for (const placed of layer === 'device' ? standing(safetyFirst([...all]), SIGN / this.now.at.scale) : all) {
      const [x, y] = this.now.toPixel(placed.at[0], placed.at[1])
      if (x < -8 || y < -8 || x > w + 8 || y > h + 8) continue
      this.signs.push(placed)
      c.beginPath()
      if (layer === 'camera' || layer === 'gate') c.rect(x - 5, y - 5, 10, 10)
      else c.arc(x, y, 5, 0, 2 * Math.PI)
      c.fillStyle = THEMES.wall.panelSolid
      c.fill()
      c.strokeStyle = colour
      c.lineWidth = 2
      c.stroke()
    }
  }

  private chosen(c: CanvasRenderingContext2D, placed: Placed): void {
    c.strokeStyle = HUES.white
    c.lineWidth = 3.5
    if (placed.rings.length > 0) this.path(c, placed.rings)
    else if (placed.line.length > 1) this.path(c, [placed.line.map(([x, y]) => [x, y] as const)], false)
    else {
      c.beginPath()
      c.arc(...this.now.toPixel(placed.at[0], placed.at[1]), 13, 0, 2 * Math.PI)
    }
    c.stroke()
  }

  private labels(c: CanvasRenderingContext2D): void {
    const px = Math.max(12, parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.75)
    c.font = `600 ${px}px 'Noto Sans SC Variable', 'Noto Sans CJK SC', sans-serif`
    const range = this.element.clientHeight / (0.9 * this.now.at.scale)
    const candidates: Candidate<{ placed: Placed; text: string }>[] = []
    for (const layer of ['zone', 'building', 'tank', 'warehouse', 'unit', 'gate', 'assembly_point']) {
      if (!this.now.visible.has(layer)) continue
      for (const placed of this.model.layer(layer).values()) {
        const style = labelStyle(layer, placed.feature)
        if (!style || range < style.near || range > style.far) continue
        const text = this.texts.name(placed.feature)
        const width = c.measureText(text).width + (layer === 'zone' ? px * 1.6 : 0)
        const [x, y] = this.now.toPixel(placed.at[0], placed.at[1])
        candidates.push({
          of: { placed, text },
          x: x - width / 2,
          y: y - px * 0.7,
          width,
          height: px * 1.4,
          rank: style.rank,
        })
      }
    }
    c.textBaseline = 'middle'
    const placed = declutter(candidates)
    this.names = placed
    for (const { of, x, y, height } of placed) {
      const zone = of.placed.ref.layer === 'zone'
      if (zone) this.mark(c, of.placed.feature, x, y + height / 2 - px * 0.6, px * 1.2)
      c.lineWidth = 4
      c.strokeStyle = THEMES.wall.bg
      c.fillStyle = THEMES.wall.text
      c.strokeText(of.text, x + (zone ? px * 1.5 : 0), y + height / 2)
      c.fillText(of.text, x + (zone ? px * 1.5 : 0), y + height / 2)
    }
  }

  private mark(c: CanvasRenderingContext2D, feature: SceneFeature, x: number, y: number, size: number): void {
    const level = riskOf(feature)
    c.save()
    c.translate(x, y)
    c.scale(size / 24, size / 24)
    c.fillStyle = RISK[level].colour
    c.fill(new Path2D(RISK_PATHS[level]))
    c.fillStyle = RISK[level].ink
    c.font = '700 14px sans-serif'
    c.textAlign = 'center'
    c.fillText(String(level), 12, level === 2 ? 15 : 13)
    c.restore()
  }

  private measureLines(c: CanvasRenderingContext2D): void {
    for (const path of this.now.measuring?.paths() ?? []) {
      this.path(c, [path.map(([x, y]) => [x, y] as const)], false)
      c.strokeStyle = HUES.teal
      c.lineWidth = 3
      c.stroke()
    }
    for (const [x, y] of this.now.measuring?.points ?? []) {
      c.beginPath()
      c.arc(...this.now.toPixel(x, y), 5, 0, 2 * Math.PI)
      c.fillStyle = HUES.white
      c.fill()
    }
  }
}
