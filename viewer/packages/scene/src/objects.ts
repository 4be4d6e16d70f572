import type { Vec3 } from './frame'
import type { Placed, PlantModel } from './model'
import { bounds } from './polygon'
import { cutZones, type ZoneRaster } from './raster'
import { keyOf } from './live/host'
import type { FeatureRef } from './types'

/** Layers whose things are parts of the model that can be told apart. */
export const SOLIDS = ['building', 'unit', 'tank', 'warehouse'] as const

const SIZE = 2048
/** Heights in the data are of the structure; railings and antennas stand above it, m. */
const ABOVE = 1.5
const BELOW = 0.6

/** One object as the shader tells it from the rest: its number in the raster and its range of heights, local metres. */
export interface Solid {
  number: number
  zMin: number
  zMax: number
}

/**
 * Which object stands where, as a raster of numbers (`cutZones`): the same texels tell the shader what to light up and the pointer
 * what it is over, without a render pass and however many objects there are.
 */
export class Objects {
  raster: ZoneRaster | undefined
  private numbers = new Map<string, number>()
  private placed: Placed[] = []
  private shapes = ''

  constructor(private readonly model: PlantModel) {}

  /** True when the raster was cut anew: something changed its shape, came or went. */
  cut(): boolean {
    const things = SOLIDS.flatMap((layer) => [...this.model.layer(layer).values()]).filter((t) => t.rings.length > 0)
    const shapes = JSON.stringify(things.map((t) => [t.ref.id, t.rings, t.zMin, t.zMax]))
    const byKey = new Map(things.map((t) => [keyOf(t.ref), t]))
    const same = shapes === this.shapes
    if (!same) {
      this.shapes = shapes
      this.raster = things.length > 0 ? cut(things) : undefined
      this.numbers = new Map(this.raster?.order.map((key, i) => [key, i + 1]))
    }
    this.placed = (this.raster?.order ?? []).map((key) => byKey.get(key) as Placed)
    return !same
  }

  solid(ref: FeatureRef | undefined): Solid | undefined {
    const number = ref && this.numbers.get(keyOf(ref))
    const placed = number === undefined ? undefined : this.placed[number - 1]
    return placed && number ? { number, zMin: placed.zMin - BELOW, zMax: placed.zMax + ABOVE } : undefined
  }

  /** The object that a point of the mesh belongs to: the smaller of those there that reaches up to it. */
  at(p: Vec3, visible: ReadonlySet<string>): Placed | undefined {
    for (const number of this.raster ? numbersAt(this.raster, p[0], p[1]) : []) {
      const placed = this.placed[number - 1]
      if (!placed || !visible.has(placed.ref.layer)) continue
      if (p[2] >= placed.zMin - BELOW && p[2] <= placed.zMax + ABOVE) return placed
    }
    return undefined
  }
}

function cut(things: readonly Placed[]): ZoneRaster {
  const box = bounds(things.flatMap((t) => t.rings))
  const half = Math.max(box.maxX - box.minX, box.maxY - box.minY) / 2 + 4
  const [cx, cy] = [(box.minX + box.maxX) / 2, (box.minY + box.maxY) / 2]
  const square = { minX: cx - half, maxX: cx + half, minY: cy - half, maxY: cy + half }
  const zones = things.map((t) => ({ id: keyOf(t.ref), rings: t.rings, zMin: t.zMin, zMax: t.zMax }))
  return cutZones(zones, square, SIZE, false)
}

/** Numbers of the two smallest areas at a place, the smallest first; 0 is none. */
export function numbersAt({ box, size, ids }: ZoneRaster, x: number, y: number): number[] {
  const column = Math.floor(((x - box.minX) / (box.maxX - box.minX)) * size)
  const row = Math.floor(((y - box.minY) / (box.maxY - box.minY)) * size)
  if (column < 0 || row < 0 || column >= size || row >= size) return []
  const at = (row * size + column) * 4
  const number = (k: number) => (ids[at + k] as number) | ((ids[at + k + 1] as number) << 8)
  return [number(0), number(2)].filter((n) => n > 0)
}
