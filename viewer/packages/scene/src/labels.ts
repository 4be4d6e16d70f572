import { riskMarkSvg, type RiskLevel } from '@twin/ui'
import { declutter, type Box, type Candidate } from './declutter'
import type { Vec3 } from './frame'
import { keyOf } from './live/host'
import type { Placed } from './model'
import { eye, projector, type Lens, type Orbit, type Pixel } from './orbit'
import { labelStyle, riskOf, type LabelStyle } from './style'
import { pinAt } from './pins'
import type { SceneFeature } from './types'

interface Label {
  key: string
  placed: Placed
  style: LabelStyle
  at: Vec3
  below: boolean
  /** made when it is first to be seen: most of ten thousand never are */
  element: HTMLDivElement | undefined
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
}

/** Names in the scene as DOM text: sharp at every size, in the page's font, placed anew on each drawn frame. */
export class Labels {
  readonly root = document.createElement('div')
  private readonly labels = new Map<string, Label>()
  private placed: Candidate<Label>[] = []
  private readonly shown = new Set<Label>()

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
    const below = feature.geometry.type === 'Point'
    const unseen = { text: '', level: undefined, stale: true, written: false, width: 0, height: 0, element: undefined }
    const at = below ? pinAt(placed) : placed.at
    this.labels.set(key, { key, placed, feature, style, at, below, ...unseen })
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
    const label = this.labels.get(key)
    if (!label) return
    label.element?.remove()
    this.shown.delete(label)
    this.labels.delete(key)
  }

  /** The language is another one, or the font is there now. */
  refreshTexts(): void {
    for (const label of this.labels.values()) Object.assign(label, { stale: true, written: false, width: 0 })
  }

  private elementOf(label: Label): HTMLDivElement {
    if (label.element) return label.element
    const element = (label.element = document.createElement('div'))
    element.className = `scene-label ${label.placed.ref.layer}`
    element.dataset['key'] = label.key
    this.root.append(element)
    return element
  }

  private write(label: Label): HTMLDivElement {
    const { level } = label
    const element = this.elementOf(label)
    if (label.written) return element
    element.innerHTML = level ? riskMarkSvg(level) : ''
    const text = document.createElement('span')
    text.textContent = label.text
    element.append(text)
    if (level) element.dataset['level'] = String(level)
    label.written = true
    return element
  }

  update(
    orbit: Orbit,
    lens: Lens,
    visible: (placed: Placed) => boolean,
    selected: string | undefined,
    lift: (placed: Placed) => number = () => 0,
  ): void {
    const from = eye(orbit)
    const wanted: { label: Label; p: Pixel; rank: number }[] = []
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
      wanted.push({ label, p, rank: (chosen ? 1000 : label.style.rank) - distance / 1e5 })
    }
    this.size(wanted.map(({ label }) => label).filter(({ width }) => width === 0))
    const candidates = wanted.map(({ label, p, rank }): Candidate<Label> => {
      const { width, height } = label
      return { of: label, x: p.x - width / 2, y: label.below ? p.y + 18 : p.y - height - 2, width, height, rank }
    })
    this.placed = declutter(candidates)
    const on = new Set(this.placed.map((c) => c.of))
    for (const label of this.shown)
      if (!on.has(label)) {
        this.shown.delete(label)
        label.element?.classList.remove('on')
      }
    for (const { of: label, x, y } of this.placed) {
      const distance = Math.hypot(label.at[0] - from[0], label.at[1] - from[1], label.at[2] - from[2])
      const chosen = label.key === selected
      const fade = chosen ? 1 : Math.min(1, Math.max(0.25, (label.style.far - distance) / (0.3 * label.style.far)))
      const element = this.write(label)
      element.style.transform = `translate3d(${x.toFixed(1)}px, ${y.toFixed(1)}px, 0)`
      element.style.opacity = fade.toFixed(2)
      element.classList.toggle('chosen', chosen)
      if (this.shown.has(label)) continue
      this.shown.add(label)
      element.classList.add('on')
    }
  }

  /** the boxes that names take now, for what else wants a place */
  get taken(): readonly Box[] {
    return this.placed
  }

  hit(x: number, y: number): Placed | undefined {
    return this.placed.find((c) => x >= c.x && x <= c.x + c.width && y >= c.y && y <= c.y + c.height)?.of.placed
  }

  /** All are written before the first is measured: the page lays them out once, not once for each. */
  private size(labels: readonly Label[]): void {
    for (const [label, element] of labels.map((label) => [label, this.write(label)] as const)) {
      const box = element.getBoundingClientRect()
      label.width = box.width
      label.height = box.height
    }
  }

  destroy(): void {
    this.root.remove()
  }
}
