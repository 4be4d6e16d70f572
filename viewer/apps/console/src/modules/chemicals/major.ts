import type { Feature, Schema } from '@twin/api'

type Unit = Schema<'MajorUnitOut'>
type Line = Schema<'StoredLine'>
export const UNIT_KINDS = ['tank_farm', 'warehouse', 'process'] as const

/** A line as it is typed: numbers stay text until they are sent; the kind of line says which of its cells count. */
export interface LineDraft {
  of: 'tank' | 'goods'
  chemical_id: string
  tank_code: string
  filling: string
  level_tag: string
  place: string
  design_t: string
  current_t: string
}
export interface UnitDraft {
  name: string
  name_en: string
  kind: Unit['kind']
  zone_code: string
  residents: string
  lines: LineDraft[]
}

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value as string | number))
const number = (value: string | number): number | null => (String(value).trim() === '' ? null : Number(value))

export const emptyLine = (of: LineDraft['of']): LineDraft => ({ of, chemical_id: '', tank_code: '', filling: of === 'tank' ? '0.9' : '', level_tag: '', place: '', design_t: '', current_t: '' })

export function unitDraft(unit?: Unit): UnitDraft {
  return {
    name: unit?.name ?? '',
    name_en: unit?.name_en ?? '',
    kind: unit?.kind ?? 'tank_farm',
    zone_code: unit?.zone_code ?? '',
    residents: text(unit?.residents ?? 0),
    lines: (unit?.lines ?? []).map((line) => ({
      of: line.tank_code ? 'tank' : 'goods',
      chemical_id: line.chemical_id,
      tank_code: text(line.tank_code),
      filling: text(line.filling),
      level_tag: text(line.level_tag),
      place: text(line.place),
      design_t: text(line.design_t),
      current_t: text(line.current_t),
    })),
  }
}

/** What the server takes of a line. */
export function lineBody(line: LineDraft): Line {
  const common = { chemical_id: line.chemical_id, place: line.place.trim() }
  if (line.of === 'goods') return { ...common, design_t: number(line.design_t), current_t: number(line.current_t) }
  const measured = line.level_tag.trim()
  return { ...common, tank_code: line.tank_code, filling: number(line.filling), level_tag: measured || null, current_t: measured ? null : number(line.current_t) }
}

export const unitBody = (draft: UnitDraft) => ({
  name: draft.name.trim(),
  name_en: draft.name_en.trim(),
  kind: draft.kind,
  zone_code: draft.zone_code,
  residents: number(draft.residents) ?? 0,
  lines: draft.lines.map(lineBody),
})

/** Lines that are far enough to be counted while the others are still typed, each with its place in the form. */
export function countable(draft: UnitDraft): { at: number; line: Line }[] {
  const filled = (value: number | null, most = Infinity): boolean => value !== null && value >= 0 && value <= most
  return draft.lines.flatMap((typed, at) => {
    const line = lineBody(typed)
    const now = line.current_t === null || line.current_t === undefined || filled(line.current_t, 1e7)
    const enough = typed.of === 'tank' ? typed.tank_code !== '' && filled(line.filling ?? null, 1) && line.filling !== 0 : filled(line.design_t ?? null, 1e7)
    return typed.chemical_id && enough && now ? [{ at, line }] : []
  })
}

export interface Tank {
  code: string
  label: string
  zone: string
}
/** Tanks of the map, those of the unit's zone first; their volume decides how much they hold. */
export function tanksOf(features: readonly Feature[], zone: string, nameOf: (f: Feature) => string): Tank[] {
  const found = features.map((f) => ({
    code: f.properties.code ?? '',
    label: [f.properties.code, nameOf(f), f.properties['volume_m3'] ? `${String(f.properties['volume_m3'])} m³` : ''].filter(Boolean).join(' · '),
    zone: String(f.properties['zone_code'] ?? ''),
  }))
  return found.sort((a, b) => Number(b.zone === zone) - Number(a.zone === zone) || a.code.localeCompare(b.code))
}
