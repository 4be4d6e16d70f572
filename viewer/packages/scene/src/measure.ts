import type { Vec3 } from './frame'
import { area, bounds, inside, type Point2 } from './polygon'
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
    const needed = this.mode === 'area' || this.mode === 'volume' ? 3 : 2
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
    if ((this.mode === 'area' || this.mode === 'volume') && p.length > 2) return [[...p, p[0] as Vec3]]
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
  if (mode === 'area' || mode === 'volume') return { value: Math.abs(area(points.map(([x, y]) => [x, y]))), horizontal }
  return { value: length, horizontal }
}

/** The plane z = a x + b y + c that fits points best: the base of a heap whose rim they are. */
export function basePlane(points: readonly Vec3[]): (x: number, y: number) => number {
  const n = points.length
  const mean = (k: 0 | 1 | 2) => points.reduce((sum, p) => sum + p[k], 0) / Math.max(1, n)
  const [mx, my, mz] = [mean(0), mean(1), mean(2)]
  let [xx, xy, yy, xz, yz] = [0, 0, 0, 0, 0]
  for (const [px, py, pz] of points) {
    const [x, y, z] = [px - mx, py - my, pz - mz]
    xx += x * x
    xy += x * y
    yy += y * y
    xz += x * z
    yz += y * z
  }
  const det = xx * yy - xy * xy
  const flat = Math.abs(det) < 1e-6 * Math.max(1, xx * yy)
  const a = flat ? 0 : (xz * yy - yz * xy) / det
  const b = flat ? 0 : (yz * xx - xz * xy) / det
  return (x, y) => mz + a * (x - mx) + b * (y - my)
}

/** Middles of square cells inside a ring, at most about `most` of them, and the size of a cell, m. */
export function cellsIn(ring: Point2[], most = 20_000): { cells: Point2[]; size: number } {
  const box = bounds([ring])
  const size = Math.max(0.1, Math.sqrt(((box.maxX - box.minX) * (box.maxY - box.minY)) / most))
  const cells: Point2[] = []
  for (let y = box.minY + size / 2; y < box.maxY; y += size)
    for (let x = box.minX + size / 2; x < box.maxX; x += size) if (inside([ring], x, y)) cells.push([x, y])
  return { cells, size }
}

/** Cubic metres of a surface above its base and missing below it; cells without a height are left out. */
export function volumeOf(
  outline: readonly Vec3[],
  cells: readonly Point2[],
  heights: readonly (number | null)[],
): { above: number; below: number } {
  const base = basePlane(outline)
  const cell = Math.abs(area(outline.map(([x, y]): Point2 => [x, y]))) / Math.max(1, cells.length)
  let [above, below] = [0, 0]
  cells.forEach(([x, y], i) => {
    const h = heights[i]
    if (h === null || h === undefined) return
    const d = (h - base(x, y)) * cell
    if (d > 0) above += d
    else below -= d
  })
  return { above, below }
}
