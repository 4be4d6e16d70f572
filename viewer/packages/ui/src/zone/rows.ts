export interface Texts {
  t(key: string): string
  te(key: string): boolean
}

/** Name of a key below `riskmap.<group>`, or the key itself where nobody has named it. */
export function named(group: 'section' | 'attribute', key: string, { t, te }: Texts): string {
  const path = `riskmap.${group}.${key}`
  return te(path) ? t(path) : key
}

/** A value as people read it; undefined for what is empty or no plain value. */
export function plain(value: unknown, { t }: Pick<Texts, 't'>): string | undefined {
  if (typeof value === 'boolean') return t(value ? 'riskmap.yes' : 'riskmap.no')
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The plain values of a row with their names. */
export function attributesOf(row: Record<string, unknown>, texts: Texts, without: readonly string[] = []): [string, string][] {
  return Object.entries(row).flatMap(([key, value]): [string, string][] => {
    const text = without.includes(key) ? undefined : plain(value, texts)
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
  for (const key of ['title', 'name', 'subject_name', 'subject', 'description', 'code', 'id'])
    if (typeof row[key] === 'string' && row[key] !== '') return [key, row[key]]
  return ['', '—']
}
