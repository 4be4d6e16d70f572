import type { Vec3 } from '../frame'
import type { Box2 } from '../polygon'

/** A density on a square raster in the site's frame, rows south to north, one byte per cell. */
export interface HeatRaster {
  size: number
  box: Box2
  /** 0 nobody .. 255 `peak` or more */
  cells: Uint8Array
  /** people per 100 m2 at the densest cell */
  peak: number
}

/** Width of a person's influence, m. */
const SIGMA = 6
/** Below this density (people per 100 m2) nothing is called dense: one person alone gives a faint spot. */
const FLOOR = 2.5

/** Kernel density of points (x, y in local metres, weight) over a square box around them. */
export function heatOf(points: readonly { at: Vec3; weight: number }[], size = 256): HeatRaster | undefined {
  if (points.length === 0) return undefined
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const { at } of points) {
    minX = Math.min(minX, at[0])
    maxX = Math.max(maxX, at[0])
    minY = Math.min(minY, at[1])
    maxY = Math.max(maxY, at[1])
  }
  const half = Math.max(maxX - minX, maxY - minY) / 2 + 4 * SIGMA
  const [cx, cy] = [(minX + maxX) / 2, (minY + maxY) / 2]
  const box = { minX: cx - half, maxX: cx + half, minY: cy - half, maxY: cy + half }
  const cell = (2 * half) / size
  const sigma = Math.max(SIGMA, cell)
  const sums = new Float32Array(size * size)
  const reach = Math.ceil((3 * sigma) / cell)
  const scale = 100 / (2 * Math.PI * sigma * sigma)
  for (const { at, weight } of points) {
    const [px, py] = [(at[0] - box.minX) / cell - 0.5, (at[1] - box.minY) / cell - 0.5]
    for (let row = Math.max(0, Math.round(py) - reach); row <= Math.min(size - 1, Math.round(py) + reach); row++)
      for (let col = Math.max(0, Math.round(px) - reach); col <= Math.min(size - 1, Math.round(px) + reach); col++) {
        const d2 = ((col - px) ** 2 + (row - py) ** 2) * cell * cell
        sums[row * size + col] =
          (sums[row * size + col] as number) + weight * scale * Math.exp(-d2 / (2 * sigma * sigma))
      }
  }
  let peak = 0
  for (const v of sums) peak = Math.max(peak, v)
  const top = Math.max(FLOOR, peak)
  const cells = Uint8Array.from(sums, (v) => Math.round((v / top) * 255))
  return { size, box, cells, peak }
}
