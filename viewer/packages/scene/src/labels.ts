import { riskMarkSvg, type RiskLevel } from '@twin/ui'
import { declutter, type Box, type Candidate } from './declutter'
import type { Vec3 } from './frame'
import { keyOf } from './live/host'
import type { Placed } from './model'
import { eye, projector, type Lens, type Orbit } from './orbit'
import { labelStyle, riskOf, type LabelStyle } from './style'
import { pinAt } from './pins'
import type { SceneFeature } from './types'

interface Label {
  key: string
  placed: Placed
  style: LabelStyle
  at: Vec3
  below: boolean
  element: HTMLDivElement
  text: string
  level: RiskLevel | undefined
  /** what style and place were read from: thousands may change at once, and each is read when a frame wants to know */
  feature: SceneFeature
  /** text and level are to be read */
  stale: boolean
  /** its element says the text and the level */
  written: boolean
  width: number
  height: number
  shown: boolean
}

/** Names in the scene as DOM text: sharp at every size, in the page's font, placed anew on each drawn frame. */
export class Labels {
  readonly root = document.createElement('div')
  private readonly labels = new Map<string, Label>()
  private placed: Candidate<Label>[] = []

  constructor(
    parent: HTMLElement,
    private readonly name: (placed: Placed) => string,
  ) {
    this.root.className = 'scene-labels'
    parent.append(this.root)
  }

  setLayer(layer: string, things: ReadonlyMap<string, Placed>): void {
    for (const placed of things.values()) this.put(placed)
    for (const [key, { placed }] of this.labels)
      if (placed.ref.layer === layer && !things.has(placed.ref.id)) this.remove(key)
  }

  /** Things that came, went or have another shape; `things` holds all of the layer. Other changes are seen when a frame is drawn. */
  changeLayer(layer: string, things: ReadonlyMap<string, Placed>, reshaped: Iterable<string>): void {
    for (const id of reshaped) {
      const placed = things.get(id)
      if (placed) this.put(placed)
      else this.remove(keyOf({ layer, id }))
    }
  }

  private put(placed: Placed): void {
    const key = keyOf(placed.ref)
    const known = this.labels.get(key)
    if (known) {
      known.placed = placed
      return
    }
    const { feature } = placed
    const style = labelStyle(placed.ref.layer, feature)
    if (!style) return
    const element = document.createElement('div')
    element.className = `scene-label ${placed.ref.layer}`
    element.dataset['key'] = key
    this.root.append(element)
    const below = feature.geometry.type === 'Point'
    const unseen = { text: '', level: undefined, stale: true, written: false, width: 0, height: 0, shown: false }
    const at = below ? pinAt(placed) : placed.at
    this.labels.set(key, { key, placed, feature, style, at, below, element, ...unseen })
  }

  /** Where and how its feature wants it now. */
  private place(label: Label): void {
    const { placed } = label
    label.feature = placed.feature
    label.style = labelStyle(placed.ref.layer, placed.feature) ?? label.style
    label.at = label.below ? pinAt(placed) : placed.at
    label.stale = true
  }

  /** What its feature says now. */
  private read(label: Label): void {
    const { placed } = label
    const level = placed.ref.layer === 'zone' ? riskOf(placed.feature) : undefined
    const text = this.name(placed)
    if (text !== label.text) label.width = 0
    if (text !== label.text || level !== label.level) label.written = false
    Object.assign(label, { text, level, stale: false })
  }

  private remove(key: string): void {
    this.labels.get(key)?.element.remove()
    this.labels.delete(key)
  }

  /** The language is another one, or the font is there now. */
  refreshTexts(): void {
    for (const label of this.labels.values()) Object.assign(label, { stale: true, written: false, width: 0 })
  }

  private write(label: Label): void {
    const { element, level } = label
    element.innerHTML = level ? riskMarkSvg(level) : ''
    const text = document.createElement('span')
    text.textContent = label.text
    element.append(text)
    if (level) element.dataset['level'] = String(level)
    label.written = true
  }

  update(
    orbit: Orbit,
    lens: Lens,
    visible: (placed: Placed) => boolean,
    selected: string | undefined,
    lift: (placed: Placed) => number = () => 0,
  ): void {
    const from = eye(orbit)
    const candidates: Candidate<Label>[] = []
    const where = projector(orbit, lens)
    for (const label of this.labels.values()) {
      const chosen = label.key === selected
      if (!chosen && !visible(label.placed)) continue
      if (label.feature !== label.placed.feature) this.place(label)
      const { near, far } = label.style
      const distance = Math.hypot(label.at[0] - from[0], label.at[1] - from[1], label.at[2] - from[2])
      if (!chosen && (distance < near || distance > far)) continue
      const p = where([label.at[0], label.at[1], label.at[2] + lift(label.placed)])
      if (!p || p.x < -80 || p.y < -40 || p.x > lens.width + 80 || p.y > lens.height + 40) continue
      if (label.stale) this.read(label)
      if (label.width === 0) this.size(label)
      const { width, height } = label
      const y = label.below ? p.y + 18 : p.y - height - 2
      candidates.push({
        of: label,
        x: p.x - width / 2,
        y,
        width,
        height,
        rank: (chosen ? 1000 : label.style.rank) - distance / 1e5,
      })
    }
    this.placed = declutter(candidates)
    const on = new Set(this.placed.map((c) => c.of))
    for (const label of this.labels.values())
      if (label.shown && !on.has(label)) {
        label.shown = false
        label.element.classList.remove('on')
      }
    for (const { of: label, x, y } of this.placed) {
      const distance = Math.hypot(label.at[0] - from[0], label.at[1] - from[1], label.at[2] - from[2])
      const chosen = label.key === selected
      const fade = chosen ? 1 : Math.min(1, Math.max(0.25, (label.style.far - distance) / (0.3 * label.style.far)))
      label.element.style.transform = `translate3d(${x.toFixed(1)}px, ${y.toFixed(1)}px, 0)`
      label.element.style.opacity = fade.toFixed(2)
      label.element.classList.toggle('chosen', chosen)
      if (!label.written) this.write(label)
      if (!label.shown) {
        label.shown = true
        label.element.classList.add('on')
      }
    }
  }

  /** the boxes that names take now, for what else wants a place */
  get taken(): readonly Box[] {
    return this.placed
  }

  hit(x: number, y: number): Placed | undefined {
    return this.placed.find((c) => x >= c.x && x <= c.x + c.width && y >= c.y && y <= c.y + c.height)?.of.placed
  }

  private size(label: Label): void {
    if (!label.written) this.write(label)
    const box = label.element.getBoundingClientRect()
    label.width = box.width
    label.height = box.height
  }

  destroy(): void {
    this.root.remove()
  }
}
