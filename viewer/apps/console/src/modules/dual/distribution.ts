import type { Feature, Schema } from '@twin/api'
import { isRiskLevel, type RiskLevel } from '@twin/ui'

type Unit = Pick<Schema<'UnitOut'>, 'id' | 'zone_codes' | 'level'>

/** A zone with all that lies in it, by the parents that the map gives. */
export function within(zones: readonly Feature[], code: string): Set<string> {
  const found = new Set([code])
  let before = 0
  while (before < found.size) {
    before = found.size
    for (const z of zones) if (found.has(String(z.properties['parent_code'] ?? ''))) found.add(z.properties.code ?? '')
  }
  return found
}

/** The worst level of the units in each zone and in those inside it: an area shows the worst of its places. */
export function worst(zones: readonly Feature[], units: readonly Unit[]): Map<string, RiskLevel> {
  const found = new Map<string, RiskLevel>()
  for (const zone of zones) {
    const inside = within(zones, zone.properties.code ?? '')
    const levels = units.filter((u) => u.zone_codes.some((c) => inside.has(c))).map((u) => u.level).filter(isRiskLevel) // prettier-ignore
    const level = Math.min(...levels)
    if (isRiskLevel(level)) found.set(zone.properties.code ?? '', level)
  }
  return found
}

/** Units that no map can show: without a zone, or only in zones that the map no longer has. */
export const offMap = <U extends Unit>(zones: readonly Feature[], units: readonly U[]): U[] => {
  const known = new Set(zones.map((z) => z.properties.code))
  return units.filter((u) => !u.zone_codes.some((c) => known.has(c)))
}
