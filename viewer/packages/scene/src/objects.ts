import { keyOf } from './live/host'
import type { AreaRaster } from './raster'
import type { FeatureRef } from './types'

/** Layers whose things are parts of the model that can be told apart. */
export const SOLIDS = ['building', 'unit', 'tank', 'warehouse'] as const

/** Heights in the data are of the structure; railings and antennas stand above it, m. */
export const ABOVE = 1.5
export const BELOW = 0.6

/** One object as the shader tells it from the rest: its number in the raster and its range of heights, local metres. */
export interface Solid {
  number: number
  zMin: number
  zMax: number
}

export function solidOf(raster: AreaRaster | undefined, ref: FeatureRef | undefined): Solid | undefined {
  const number = ref && raster?.numbers.get(keyOf(ref))
  const heights = number && raster?.heights[number - 1]
  return heights ? { number, zMin: heights[0] - BELOW, zMax: heights[1] + ABOVE } : undefined
}
