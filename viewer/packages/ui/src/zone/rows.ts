import { plantDate, plantTime } from '../time'

export interface Texts {
  t(key: string): string
  te(key: string): boolean
}

/** Name of a key below `riskmap.<group>`, or the key itself where nobody has named it. */
export function named(group: 'section' | 'attribute', key: string, { t, te }: Texts): string {
  const path = `riskmap.${group}.${key}`
  return te(path) ? t(path) : key
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/

/** A value as people read it; undefined for what is empty or no plain value. Codes have their words below `riskmap.value`, moments are in plant time. */
export function plain(value: unknown, key: string, { t, te }: Texts, { section = '', timezone = '' } = {}): string | undefined {
  for (const path of [`riskmap.value.${section}.${key}.${String(value)}`, `riskmap.value.${key}.${String(value)}`])
    if (te(path)) return t(path)
  if (typeof value === 'boolean') return t(value ? 'riskmap.yes' : 'riskmap.no')
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string' || value === '') return undefined
  if (!timezone || !MOMENT.test(value)) return value
  const at = new Date(value)
  return `${plantDate(at, timezone)} ${plantTime(at, timezone)}`
}

/** The plain values of a row with their names. */
export function attributesOf(
  row: Record<string, unknown>,
  texts: Texts,
  { without = [], ...where }: { without?: readonly string[]; section?: string; timezone?: string } = {},
): [string, string][] {
  return Object.entries(row).flatMap(([key, value]): [string, string][] => {
    const text = without.includes(key) ? undefined : plain(value, key, texts, where)
    return text === undefined ? [] : [[named('attribute', key, texts), text]]
  })
}

export interface SectionRows {
  key: string
  title: string
  total: number
  items: Record<string, unknown>[]
}

/** What modules say about a zone (`sections` of the answer), in their order. */
export function sectionRows(sections: Record<string, Record<string, unknown>>, texts: Texts): SectionRows[] {
  return Object.entries(sections).map(([key, body]) => {
    const items = (Array.isArray(body['items']) ? body['items'] : []).filter(
      (item): item is Record<string, unknown> => typeof item === 'object' && item !== null,
    )
    const total = typeof body['total'] === 'number' ? body['total'] : items.length
    return { key, title: named('section', key, texts), total, items }
  })
}

/** What a row is called. */
export function headOf(row: Record<string, unknown>): [key: string, text: string] {
  for (const key of ['title', 'name', 'subject_name', 'subject', 'description', 'class', 'code', 'id'])
    if (typeof row[key] === 'string' && row[key] !== '') return [key, row[key]]
  return ['', '—']
}
