import { riskMarkSvg } from '@twin/ui'
import { declutter, type Box, type Candidate } from '../declutter'
import type { Vec3 } from '../frame'
import type { Badge, FeatureRef, Grade } from '../types'
import { badgeRank, COUNT_FAR, groupBadges, VALUE_FAR, type BadgeSpot } from './badges'
import { keyOf, type LiveHost, type LivePicture } from './host'
import type { Motions } from './motion'

interface Mark {
  ref: FeatureRef
  grade: Grade
  /** only while it is shown */
  element?: HTMLDivElement
  /** it has still to draw the eye */
  pulse: boolean
}

interface Text {
  key: string
  text: string
  kind: string
  tone: string
  /** the points that it counts */
  of?: readonly FeatureRef[]
}

/** Under the two seconds that a motion may take. */
export const PULSE_MS = 1600
const MARGIN = 60

/** Alarm marks, values beside points, counts and the names of movers: DOM text over the picture, placed anew on each drawn frame. */
export class LiveOverlay {
  readonly root = document.createElement('div')
  private readonly badges = new Map<string, ReadonlyMap<string, Badge>>()
  private readonly marks = new Map<string, Mark>()
  private readonly pool: HTMLDivElement[] = []
  private used = 0
  private placed: readonly Candidate<Text>[] = []
  /** texts beside points as they stand in one picture: while only people walk they are not placed again in each frame */
  private still: { stamp: string; texts: Candidate<Text>[] } | undefined

  constructor(
    private readonly host: LiveHost,
    private readonly motions: Motions,
  ) {
    this.root.className = 'scene-labels scene-live'
    host.element.append(this.root)
  }

  setBadges(layer: string, badges: ReadonlyMap<string, Badge>): void {
    this.badges.set(layer, badges)
    this.renew()
  }

  /** What stands beside points is placed anew in the next frame. */
  renew(): void {
    this.still = undefined
  }

  mark(ref: FeatureRef, grade: Grade | undefined): void {
    const key = keyOf(ref)
    const known = this.marks.get(key)
    if (known && known.grade !== grade) {
      known.element?.remove()
      this.marks.delete(key)
    }
    if (grade !== undefined && known?.grade !== grade) this.marks.set(key, { ref, grade, pulse: false })
  }

  pulse(ref: FeatureRef, grade: Grade): void {
    this.mark(ref, grade)
    const mark = this.marks.get(keyOf(ref))
    if (mark) mark.pulse = true
  }

  update(picture: LivePicture, names: readonly Box[]): void {
    this.used = 0
    const taken = [...names, ...this.placeMarks(picture)]
    if (this.still?.stamp !== picture.stamp) this.still = { stamp: picture.stamp, texts: this.values(picture) }
    const texts = [...this.still.texts, ...this.movers(picture)]
    this.placed = declutter(texts, 200, 3, taken)
    for (const { of, x, y } of this.placed) this.put(of, x, y)
    for (let i = this.used; i < this.pool.length; i++) this.pool[i]?.classList.remove('on')
  }

  /** The points whose count is under a pixel. */
  counted(x: number, y: number): readonly FeatureRef[] | undefined {
    return this.placed.find((c) => c.of.of && x >= c.x && x <= c.x + c.width && y >= c.y && y <= c.y + c.height)?.of.of
  }

  private onScreen(picture: LivePicture, at: Vec3) {
    const p = picture.project(at)
    if (!p || p.x < -MARGIN || p.y < -MARGIN || p.x > picture.width + MARGIN || p.y > picture.height + MARGIN) return
    return p
  }

  /** In a flood the worst of those that would lie on one another stands for all of them. */
  private placeMarks(picture: LivePicture): Box[] {
    const size = 26 * this.host.uiScale
    const wanted: Candidate<Mark>[] = []
    for (const mark of this.marks.values()) {
      const mover = this.motions.get(mark.ref)
      const at = mover ? this.motions.stand(mover) : this.host.spot(mark.ref)
      const p = at && this.onScreen(picture, at)
      if (p)
        wanted.push({ of: mark, x: p.x - size / 2, y: p.y - size * 1.5, width: size, height: size, rank: -mark.grade })
    }
    const placed = declutter(wanted, 150, -0.3 * size)
    const on = new Set(placed.map((c) => c.of))
    for (const mark of this.marks.values())
      if (mark.element && !on.has(mark)) {
        mark.element.remove()
        delete mark.element
      }
    for (const { of: mark, x, y } of placed) {
      const element = (mark.element ??= this.markElement(mark))
      element.style.transform = `translate3d(${x.toFixed(1)}px, ${y.toFixed(1)}px, 0)`
      if (mark.pulse) this.ring(element)
      mark.pulse = false
    }
    return placed
  }

  private markElement({ ref, grade }: Mark): HTMLDivElement {
    const element = document.createElement('div')
    element.className = 'scene-mark'
    element.dataset['mark'] = String(grade)
    element.dataset['key'] = keyOf(ref)
    element.innerHTML = riskMarkSvg(grade)
    this.root.append(element)
    return element
  }

  private ring(element: HTMLElement): void {
    const ring = document.createElement('i')
    ring.className = 'pulse'
    element.append(ring)
    setTimeout(() => ring.remove(), PULSE_MS)
  }

  private values(picture: LivePicture): Candidate<Text>[] {
    const spots: BadgeSpot[] = []
    for (const [layer, badges] of this.badges) {
      if (!this.host.visible(layer)) continue
      for (const [id, badge] of badges) {
        const ref = { layer, id }
        const at = this.host.spot(ref)
        const distance = at ? picture.distance(at) : Infinity
        const p = at && distance <= COUNT_FAR ? this.onScreen(picture, at) : undefined
        if (!p || !this.host.shows(ref)) continue
        // who is in alarm is never one of many
        const one = distance <= VALUE_FAR && typeof badge.tone !== 'number'
        const crowded = one && distance > (this.host.reach?.(ref) ?? Infinity)
        spots.push({ ref, badge, x: p.x, y: p.y, distance, crowded })
      }
    }
    const { values, clusters } = groupBadges(spots, this.host.uiScale)
    const [em, gap] = [13 * this.host.uiScale, 14 * this.host.uiScale]
    const box = (text: string) => ({ width: em * (0.62 * text.length + 0.9), height: em * 1.5 })
    return [
      ...values.map(({ ref, badge, x, y, distance }): Candidate<Text> => {
        const size = box(badge.text)
        return {
          of: { key: keyOf(ref), text: badge.text, kind: 'value', tone: String(badge.tone) },
          x: x + gap,
          y: y - size.height / 2,
          ...size,
          rank: badgeRank(badge.tone) - distance / 1e4,
        }
      }),
      ...clusters.map(({ x, y, of, count, alarming, tone }): Candidate<Text> => {
        const text = alarming > 0 ? `${alarming}/${count}` : String(count)
        const size = box(text)
        return {
          of: { key: '', text, kind: 'count', tone: String(tone), of },
          x: x - size.width / 2,
          y: y - size.height / 2,
          ...size,
          rank: badgeRank(tone) - 5,
        }
      }),
    ]
  }

  private movers(picture: LivePicture): Candidate<Text>[] {
    const out: Candidate<Text>[] = []
    const em = 13 * this.host.uiScale
    const chosen = this.host.selected()
    for (const [layer, { style, things }] of this.motions.layers) {
      if (!this.host.visible(layer)) continue
      const far = style.labelFar ?? 140
      for (const thing of things.values()) {
        const { ref, at, mover } = thing
        const own = chosen?.layer === layer && chosen.id === ref.id
        if (!mover.label || (!own && picture.distance(at) > far) || !this.host.onFloor(at, mover.floor)) continue
        const p = this.onScreen(picture, this.motions.stand(thing))
        if (!p) continue
        const width = em * ([...mover.label].reduce((sum, ch) => sum + (ch > '\u2e80' ? 1 : 0.58), 0) + 0.6)
        out.push({
          of: { key: keyOf(ref), text: mover.label, kind: `mover${own ? ' chosen' : ''}`, tone: mover.state },
          x: p.x - width / 2,
          y: p.y + em * 0.9,
          width,
          height: em * 1.4,
          rank: own ? 1000 : 25 - p.depth / 1e4,
        })
      }
    }
    return out
  }

  private put({ key, text, kind, tone }: Text, x: number, y: number): void {
    const element = this.pool[this.used] ?? document.createElement('div')
    if (!element.parentNode) {
      this.pool.push(element)
      this.root.append(element)
    }
    this.used += 1
    const name = `scene-badge on ${kind}`
    if (element.className !== name) element.className = name
    if (element.textContent !== text) element.textContent = text
    element.dataset['tone'] = tone
    element.dataset['of'] = key
    element.style.transform = `translate3d(${x.toFixed(1)}px, ${y.toFixed(1)}px, 0)`
  }

  destroy(): void {
    this.root.remove()
  }
}
