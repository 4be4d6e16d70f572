import type { Engine } from './engine'
import type { Vec3 } from './frame'
import type { Placed, PlantModel } from './model'
import { ABOVE, BELOW, SOLIDS } from './objects'
import { eye, LIMITS, pixelOnPlane, project, type Orbit } from './orbit'
import { numbersAt, type AreaRaster } from './raster'

/** The point of the model, or else of the ground, under a pixel. */
export function pointAt(engine: Engine, orbit: Orbit, x: number, y: number): Vec3 | undefined {
  const hit = engine.pickModel(x, y)
  if (hit && Math.hypot(hit[0], hit[1]) < LIMITS.reach * 2 && hit[2] > -20) return hit
  return pixelOnPlane(orbit, engine.lens(), x, y, 0)
}

export interface Rasters {
  readonly zone: AreaRaster | undefined
  readonly object: AreaRaster | undefined
}

/** Heights of zones and fences are of the ground, which the mesh follows only so far, m. */
const SLACK = 0.6

/** The thing that a point of the model belongs to: by one look-up where its raster is there, else by the outlines. */
export function thingAt(
  model: PlantModel,
  visible: ReadonlySet<string>,
  p: Vec3,
  rasters?: Rasters,
): Placed | undefined {
  const find = (raster: AreaRaster | undefined, layers: readonly string[], below: number, above: number) => {
    const shown = layers.filter((layer) => visible.has(layer))
    return raster ? areaAt(raster, model, shown, p, below, above) : model.at(shown, p, below, above)
  }
  return (
    (p[2] > 0.5 ? find(rasters?.object, SOLIDS, BELOW, ABOVE) : undefined) ??
    find(rasters?.zone, ['zone'], SLACK, SLACK) ??
    find(undefined, ['geofence'], SLACK, SLACK)
  )
}

/** The smaller of the areas there whose heights, a little widened, hold the point. */
function areaAt(
  raster: AreaRaster,
  model: PlantModel,
  layers: readonly string[],
  [x, y, z]: Vec3,
  below: number,
  above: number,
): Placed | undefined {
  for (const number of numbersAt(raster, x, y)) {
    const placed = model.get(raster.refs[number - 1])
    const [low, high] = raster.heights[number - 1] ?? [0, 0]
    if (placed && layers.includes(placed.ref.layer) && z >= low - below && z <= high + above) return placed
  }
  return undefined
}

/** The pin whose icon is under a pixel. */
export function pinUnder(engine: Engine, orbit: Orbit, x: number, y: number, reach: number): Placed | undefined {
  const lens = engine.lens()
  const from = eye(orbit)
  let best: Placed | undefined
  let nearest = reach
  for (const pin of engine.pins.byKey.values()) {
    if (!pin.show) continue
    if (!pin.big && Math.hypot(pin.at[0] - from[0], pin.at[1] - from[1], pin.at[2] - from[2]) > pin.far) continue
    const p = project(orbit, lens, pin.at)
    if (!p) continue
    const d = Math.hypot(p.x - x, p.y - y)
    if (d < nearest) [best, nearest] = [pin.placed, d]
  }
  return best
}
