import { HUES, THEMES } from '@twin/ui'
import type { Engine } from './engine'
import { liftOf, type Floors } from './floors'
import type { SiteFrame, Vec3 } from './frame'
import type { Measure } from './measure'
import type { Placed, PlantModel } from './model'
import { pinAt } from './pins'
import { curtain, faces, lines, prismPaths, slab, viewCone } from './shapes'

const STEMMED = ['camera', 'gate', 'assembly_point'] as const

/** Lines and faces that come and go with layers, selection, floor and measuring. */

const num = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise)

export function drawStems(
  engine: Engine,
  frame: SiteFrame,
  model: PlantModel,
  shows: (placed: Placed) => boolean,
): void {
  const paths: Vec3[][] = []
  for (const layer of STEMMED) {
    for (const placed of model.layer(layer).values()) {
      if (!shows(placed)) continue
      const at = pinAt(placed)
      paths.push([[at[0], at[1], 0], at])
    }
  }
  engine.keep('stems', [lines(frame, paths, HUES.grey, 1.2, 0)])
}

export function drawFences(engine: Engine, frame: SiteFrame, model: PlantModel, visible: boolean): void {
  const placed = visible ? [...model.layer('geofence').values()] : []
  const top = (p: Placed) => Math.min(p.zMax, Math.max(p.zMin, 0) + 5)
  engine.keep('fences', [
    faces(
      frame,
      placed.flatMap((p) => curtain(p.rings, Math.max(0.1, p.zMin), top(p))),
      HUES.violet,
      0.16,
    ),
    lines(
      frame,
      placed.flatMap((p) => prismPaths(p.rings, Math.max(0.2, p.zMin), top(p))),
      HUES.violet,
      1.5,
      0.2,
    ),
  ])
}

export function drawRoads(engine: Engine, frame: SiteFrame, model: PlantModel, visible: boolean): void {
  const placed = visible ? [...model.layer('road').values()] : []
  const raised = placed.map((p) => p.line.map(([x, y, z]): Vec3 => [x, y, z + 0.4]))
  engine.keep('roads', [lines(frame, raised, HUES.sand, 2.5, 0.15)])
}

export function drawSelection(
  engine: Engine,
  frame: SiteFrame,
  placed: Placed | undefined,
  /** the server has said what the camera sees */
  covered = false,
): void {
  if (!placed) {
    engine.keep('selection', [])
    return
  }
  const { layer } = placed.ref
  const p = placed.feature.properties
  if (layer === 'camera' && !covered) {
    const cone = viewCone(
      placed.at,
      num(p['heading_deg'], 0),
      num(p['tilt_deg'], -15),
      num(p['fov_deg'], 60),
      num(p['range_m'], 60),
    )
    engine.keep('selection', [
      faces(frame, cone.faces, HUES.sand, 0.2),
      lines(frame, cone.edges, HUES.sand, 1.8, 0.35),
      stem(frame, placed),
    ])
    return
  }
  if (placed.feature.geometry.type === 'Point') {
    engine.keep('selection', [stem(frame, placed)])
    return
  }
  if (layer === 'zone') {
    engine.keep('selection', []) // its rim turns white in the paint
    return
  }
  const paths =
    placed.line.length > 0
      ? [placed.line.map(([x, y, z]): Vec3 => [x, y, z + 0.6])]
      : prismPaths(placed.rings, Math.max(0.15, placed.zMin), placed.zMax + 0.15)
  engine.keep('selection', [lines(frame, paths, HUES.white, 2.5, 0.4)])
}

function stem(frame: SiteFrame, placed: Placed) {
  const at = pinAt(placed)
  return lines(frame, [[[at[0], at[1], 0], at]], HUES.white, 2, 0.5)
}

/** The open storey as a slab; where storeys are drawn apart, all of them with their corners tied. */
export function drawFloor(engine: Engine, frame: SiteFrame, floors: Floors): void {
  const shown = floors.exploded ? floors.storeys() : floors.open ? [floors.open] : []
  const level = (floor: Placed, i: number) => floor.zMin + 0.12 + (floors.exploded ? liftOf(i) : 0)
  const own = (floor: Placed) => floor.ref.id === floors.open?.ref.id
  const top = shown.length - 1
  const ties =
    shown.length < 2
      ? []
      : (shown[0]?.rings[0] ?? []).map(([x, y]): Vec3[] => [
          [x, y, level(shown[0] as Placed, 0)],
          [x, y, level(shown[top] as Placed, top)],
        ])
  engine.keep('floor', [
    ...shown.map((floor, i) =>
      faces(
        frame,
        floor.rings.slice(0, 1).flatMap((ring) => slab(ring, level(floor, i))),
        THEMES.wall.raised,
        own(floor) ? 0.92 : 0.5,
      ),
    ),
    ...shown.map((floor, i) => {
      const z = level(floor, i) + 0.05
      return lines(frame, prismPaths(floor.rings, z, z), own(floor) ? HUES.white : HUES.grey, 2, 0.5)
    }),
    lines(frame, ties, HUES.grey, 1, 0.5),
  ])
}

export function drawMeasure(engine: Engine, frame: SiteFrame, measure: Measure | undefined): void {
  if (!measure) {
    engine.keep('measure', [])
    return
  }
  const cross = measure.points.flatMap(([x, y, z]): Vec3[][] => [
    [
      [x - 0.8, y, z + 0.2],
      [x + 0.8, y, z + 0.2],
    ],
    [
      [x, y - 0.8, z + 0.2],
      [x, y + 0.8, z + 0.2],
    ],
    [
      [x, y, z],
      [x, y, z + 2],
    ],
  ])
  const area = (measure.mode === 'area' || measure.mode === 'volume') && measure.points.length > 2
  const flat = measure.points.map(([x, y]): [number, number] => [x, y])
  const top = Math.max(0, ...measure.points.map((p) => p[2])) + 0.3
  engine.keep('measure', [
    area ? faces(frame, slab(flat, top), HUES.teal, 0.22) : undefined,
    lines(frame, measure.paths(), HUES.teal, 3, 0.6),
    lines(frame, cross, HUES.white, 2, 0.8),
  ])
}
