import type { Engine } from './engine'
import type { Vec3 } from './frame'
import type { Placed, PlantModel } from './model'
import { SOLIDS, type Objects } from './objects'
import { eye, LIMITS, pixelOnPlane, project, type Orbit } from './orbit'

/** The point of the model, or else of the ground, under a pixel. */
export function pointAt(engine: Engine, orbit: Orbit, x: number, y: number): Vec3 | undefined {
  const hit = engine.pickModel(x, y)
  if (hit && Math.hypot(hit[0], hit[1]) < LIMITS.reach * 2 && hit[2] > -20) return hit
  return pixelOnPlane(orbit, engine.lens(), x, y, 0)
}

/** The thing that a point of the model belongs to. */
export function thingAt(
  model: PlantModel,
  visible: ReadonlySet<string>,
  p: Vec3,
  objects?: Objects,
): Placed | undefined {
  if (p[2] > 0.5) {
    const hit = objects ? objects.at(p, visible) : solidAt(model, visible, p)
    if (hit) return hit
  }
  const zone = visible.has('zone') ? model.at('zone', p) : undefined
  return zone ?? (visible.has('geofence') ? model.at('geofence', p) : undefined)
}

function solidAt(model: PlantModel, visible: ReadonlySet<string>, p: Vec3): Placed | undefined {
  for (const layer of SOLIDS) {
    const hit = visible.has(layer) ? model.at(layer, p, 1) : undefined
    if (hit) return hit
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
    if (Math.hypot(pin.at[0] - from[0], pin.at[1] - from[1], pin.at[2] - from[2]) > pin.style.far) continue
    const p = project(orbit, lens, pin.at)
    if (!p) continue
    const d = Math.hypot(p.x - x, p.y - y)
    if (d < nearest) [best, nearest] = [pin.placed, d]
  }
  return best
}
