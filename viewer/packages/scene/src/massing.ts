import { HUES, RISK, type RiskLevel } from '@twin/ui'
import type { Engine } from './engine'
import type { SiteFrame } from './frame'
import type { Placed, PlantModel } from './model'
import { SOLIDS } from './objects'
import { curtain, faces, lines, prismPaths, slab } from './shapes'
import { zonePaint } from './style'

/** What stands in for the mesh on a site that has none yet: zones as ground, things as plain bodies of their stated heights. */

const LEVELS: readonly RiskLevel[] = [4, 3, 2, 1]
const STEP: Record<string, number> = { plant: 0, area: 0.05, unit: 0.1, place: 0.15 }

export function drawGroundZones(engine: Engine, frame: SiteFrame, model: PlantModel, visible: boolean): void {
  const zones = engine.bare && visible ? [...model.layer('zone').values()] : []
  const height = (zone: Placed) => 0.1 + (STEP[String(zone.feature.properties['kind'])] ?? 0.1)
  const paint = (zone: Placed) => zonePaint(zone.feature, zone.level, false, true, false)
  engine.keep(
    'ground-zones',
    LEVELS.flatMap((level) => {
      const own = zones.filter((zone) => zone.level === level)
      const filled = own.filter((zone) => paint(zone).fill > 50)
      const fill = (zone: Placed) => zone.rings.slice(0, 1).flatMap((ring) => slab(ring, height(zone)))
      const rims = own.flatMap((zone) => prismPaths(zone.rings, height(zone) + 0.02, height(zone) + 0.02))
      return [
        faces(frame, filled.flatMap(fill), RISK[level].colour, 0.4),
        lines(frame, rims, RISK[level].colour, 2.5, 0.3),
      ]
    }),
  )
}

export function drawMassing(engine: Engine, frame: SiteFrame, model: PlantModel, shows: (p: Placed) => boolean): void {
  const things = engine.bare ? SOLIDS.flatMap((layer) => [...model.layer(layer).values()]).filter(shows) : []
  const body = (p: Placed) => [
    ...curtain(p.rings, Math.max(0, p.zMin), p.zMax),
    ...p.rings.slice(0, 1).flatMap((ring) => slab(ring, p.zMax)),
  ]
  engine.keep('massing', [
    faces(frame, things.flatMap(body), HUES.grey, 0.35),
    lines(
      frame,
      things.flatMap((p) => prismPaths(p.rings, Math.max(0, p.zMin), p.zMax)),
      HUES.grey,
      1,
      0.2,
    ),
  ])
}
