import type { Vec3 } from './frame'
import { area } from './polygon'
import type { MeasureMode, MeasureResult } from './types'

/** Points that the user set, and what they measure. */
export class Measure {
  points: Vec3[] = []
  done = false

  constructor(readonly mode: MeasureMode) {}

  add(point: Vec3): void {
    if (this.done) {
      this.points = []
      this.done = false
    }
    this.points.push(point)
    if (this.mode === 'height' && this.points.length === 2) this.done = true
  }

  finish(): void {
    const needed = this.mode === 'area' ? 3 : 2
    if (this.points.length >= needed) this.done = true
  }

  result(): MeasureResult {
    const { mode, points, done } = this
    return { mode, points: points.length, done, ...measured(mode, points) }
  }

  /** What to draw. */
  paths(): Vec3[][] {
    const p = this.points
    if (this.mode === 'height' && p.length === 2) {
      const [a, b] = p as [Vec3, Vec3]
      const corner: Vec3 = [a[0], a[1], b[2]]
      return [
        [a, corner],
        [corner, b],
      ]
    }
    if (this.mode === 'area' && p.length > 2) return [[...p, p[0] as Vec3]]
    return p.length > 1 ? [p] : []
  }
}

export function measured(mode: MeasureMode, points: Vec3[]): { value: number; horizontal: number } {
  let [length, horizontal] = [0, 0]
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]] as [Vec3, Vec3]
    length += Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2])
    horizontal += Math.hypot(b[0] - a[0], b[1] - a[1])
  }
  if (mode === 'height') {
    const [a, b] = points
    return { value: a && b ? Math.abs(b[2] - a[2]) : 0, horizontal }
  }
  if (mode === 'area') return { value: Math.abs(area(points.map(([x, y]) => [x, y]))), horizontal }
  return { value: length, horizontal }
}
