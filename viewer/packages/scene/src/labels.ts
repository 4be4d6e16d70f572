import { riskMarkSvg } from '@twin/ui'
import { declutter, type Box, type Candidate } from './declutter'
import type { Vec3 } from './frame'
import type { Placed } from './model'
import { eye, projector, type Lens, type Orbit } from './orbit'
import { labelStyle, riskOf, type LabelStyle } from './style'
import { pinAt } from './pins'

interface Label {
  key: string
  placed: Placed
  style: LabelStyle
  at: Vec3
  below: boolean
  element: HTMLDivElement
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

  setLayer(layer: string, things: Iterable<Placed>): void {
    const keep = new Set<string>()
    for (const placed of things) {
      const style = labelStyle(layer, placed.feature)
      if (!style) continue
      const key = `${layer}:${placed.ref.id}`
      keep.add(key)
      const point = placed.feature.geometry.type === 'Point'
      const at = point ? pinAt(placed) : placed.at
      const known = this.labels.get(key)
      const element = known?.element ?? document.createElement('div')
      element.className = `scene-label ${layer}${known?.shown ? ' on' : ''}`
      element.dataset['key'] = key
      const label: Label = {
        key,
        placed,
        style,
        at,
        below: point,
        element,
        width: 0,
        height: 0,
        shown: known?.shown ?? false,
      }
      this.fill(label)
      if (!known) this.root.append(element)
      this.labels.set(key, label)
    }
    for (const [key, label] of this.labels)
      if (key.startsWith(`${layer}:`) && !keep.has(key)) {
        label.element.remove()
        this.labels.delete(key)
      }
  }

  refreshTexts(): void {
    for (const label of this.labels.values()) this.fill(label)
  }

  private fill(label: Label): void {
    const { placed, element } = label
    const level = placed.ref.layer === 'zone' ? riskOf(placed.feature) : undefined
    element.innerHTML = level ? riskMarkSvg(level) : ''
    const text = document.createElement('span')
    text.textContent = this.name(placed)
    element.append(text)
    if (level) element.dataset['level'] = String(level)
    label.width = 0 // measured when it is first shown
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
      const { near, far } = label.style
      const distance = Math.hypot(label.at[0] - from[0], label.at[1] - from[1], label.at[2] - from[2])
      if (!chosen && (distance < near || distance > far)) continue
      const p = where([label.at[0], label.at[1], label.at[2] + lift(label.placed)])
      if (!p || p.x < -80 || p.y < -40 || p.x > lens.width + 80 || p.y > lens.height + 40) continue
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
    const box = label.element.getBoundingClientRect()
    label.width = box.width
    label.height = box.height
  }

  destroy(): void {
    this.root.remove()
  }
}
