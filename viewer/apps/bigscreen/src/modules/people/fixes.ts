import type { Mover, MoverState, MoverStyle } from '@twin/scene'
import type { IconName } from '@twin/ui'

export type PersonClass = 'employee' | 'contractor' | 'visitor'

/** One item of the stream `positions`: degrees (EPSG:4326), metres above the ellipsoid, seconds since 1970. */
export interface Fix {
  id: string
  kind: 'person' | 'vehicle'
  class: string
  name?: string
  department?: string
  badge?: string
  lon: number
  lat: number
  h: number
  floor: string | null
  zone: string | null
  speed?: number
  r95: number
  state: MoverState
  source: string
  age: number
  t: number
}

/** Classes are told apart by colour and by glyph; the colours of risk stay with risk. */
export const CLASSES = ['employee', 'contractor', 'visitor', 'vehicle'] as const
export type DotClass = (typeof CLASSES)[number]
export const LOOK: Record<DotClass, { hue: Mover['hue']; glyph: IconName }> = {
  employee: { hue: 'teal', glyph: 'worker' },
  contractor: { hue: 'sand', glyph: 'contractor' },
  visitor: { hue: 'violet', glyph: 'visitor' },
  vehicle: { hue: 'white', glyph: 'vehicle' },
}

export const STYLE: Record<'people' | 'vehicles', MoverStyle> = {
  people: { shape: 'circle', size: 24, far: 6000, labelFar: 130, lift: 1 },
  vehicles: { shape: 'square', size: 26, far: 6000, labelFar: 220, lift: 1.5 },
}

export function classOf(fix: Pick<Fix, 'kind' | 'class'>): DotClass {
  if (fix.kind === 'vehicle') return 'vehicle'
  return fix.class === 'contractor' || fix.class === 'visitor' ? fix.class : 'employee'
}

export const layerOf = (fix: Pick<Fix, 'kind'>): 'people' | 'vehicles' => (fix.kind === 'vehicle' ? 'vehicles' : 'people')

/** Whether it is known to be where it is shown; what is not is greyed and counted apart. */
export const current = (fix: Pick<Fix, 'state'>): boolean => fix.state !== 'stale' && fix.state !== 'lost'

export function moverOf(fix: Fix): Mover {
  const look = LOOK[classOf(fix)]
  return {
    id: fix.id,
    lon: fix.lon,
    lat: fix.lat,
    h: fix.h,
    floor: fix.floor ?? undefined,
    glyph: look.glyph,
    hue: look.hue,
    label: fix.name,
    r95: fix.r95,
    state: fix.state,
    t: fix.t * 1000,
  }
}

export interface Count {
  employee: number
  contractor: number
  visitor: number
  vehicle: number
  /** persons of all classes */
  people: number
  /** persons and vehicles whose position is old: drawn grey */
  stale: number
}

const none = (): Count => ({ employee: 0, contractor: 0, visitor: 0, vehicle: 0, people: 0, stale: 0 })

function add(count: Count, fix: Fix): void {
  if (!current(fix)) {
    count.stale += 1
    return
  }
  const of = classOf(fix)
  count[of] += 1
  if (of !== 'vehicle') count.people += 1
}

/** Counts of exactly the fixes that are drawn. */
export function countAll(fixes: Iterable<Fix>): Count {
  const all = none()
  for (const fix of fixes) add(all, fix)
  return all
}

export interface ZoneNode {
  code: string
  kind: string
  parent: string
}

/** Counts by area: each fix belongs to the area that its smallest zone lies in, `''` when to none. Their sum is `countAll`. */
export function countByArea(fixes: Iterable<Fix>, zones: readonly ZoneNode[]): Map<string, Count> {
  const byCode = new Map(zones.map((z) => [z.code, z]))
  const areas = new Map<string, string>()
  const areaOf = (code: string): string => {
    const known = areas.get(code)
    if (known !== undefined) return known
    let found = ''
    for (let z = byCode.get(code), left = zones.length; z && left > 0; z = byCode.get(z.parent), left--) {
      if (z.kind === 'plant') break
      found = z.code
      if (z.kind === 'area') break
    }
    areas.set(code, found)
    return found
  }
  const out = new Map<string, Count>()
  for (const fix of fixes) {
    const area = fix.zone === null ? '' : areaOf(fix.zone)
    const count = out.get(area) ?? none()
    add(count, fix)
    out.set(area, count)
  }
  return out
}
