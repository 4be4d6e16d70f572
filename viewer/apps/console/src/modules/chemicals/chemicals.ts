import type { Schema } from '@twin/api'

export type Chemical = Schema<'ChemicalOut'>
export type ChemicalBody = Schema<'ChemicalIn'>
export type Dictionary = Schema<'ChemicalDictionary'>
export type Unit = Schema<'MajorUnitOut'>
export type Assessed = Schema<'Assessed'>
export type AssessedRow = Schema<'AssessedRow'>
export type Side = 'design' | 'now'

export const ROLES = ['raw', 'intermediate', 'product'] as const
export const LINES = ['name', 'name_en', 'cas', 'basis', 'oel'] as const
export const NUMBERS = ['own_q', 'own_beta', 'density', 'flash_point', 'lel', 'uel'] as const
export const AREAS = ['hazards', 'first_aid', 'fire_fighting', 'leak'] as const

/** What is typed: numbers stay text until they are sent, so that nothing typed is lost. */
export interface Draft {
  roles: string[]
  entry: string
  category: string
  sds_id: string | null
  text: Record<string, string>
}

export function draftOf(row?: Chemical): Draft {
  const text = Object.fromEntries([...LINES, ...NUMBERS, ...AREAS].map((name) => [name, String(row?.[name] ?? '')]))
  return { roles: [...(row?.roles ?? ['raw'])], entry: row?.entry ?? '', category: row?.category ?? '', sds_id: row?.sds_id ?? null, text }
}

export function bodyOf(draft: Draft): Record<string, unknown> {
  const { text, ...rest } = draft
  const trimmed = (name: string): string => (text[name] ?? '').trim()
  const number = (name: string): number | null => (trimmed(name) === '' ? null : Number(trimmed(name)))
  return {
    ...rest,
    ...Object.fromEntries([...LINES, ...AREAS].map((name) => [name, trimmed(name)])),
    ...Object.fromEntries(NUMBERS.map((name) => [name, number(name)])),
  }
}

/** Q and beta as the server finds them: of the named substance, else of the class, else what was entered. */
export function rate(draft: Draft, dictionary: Dictionary | undefined): { q: number | null; q_from: string; beta: number | null; beta_from: string } {
  const body = bodyOf(draft)
  const named = dictionary?.named.find((row) => row.key === draft.entry)
  const category = dictionary?.classes.find((row) => row.key === draft.category)
  const find = (name: 'q' | 'beta', own: unknown): [number | null, string] => {
    if (typeof named?.[name] === 'number') return [named[name], `named:${named.key}`]
    if (typeof category?.[name] === 'number') return [category[name], `classes:${category.key}`]
    return typeof own === 'number' ? [own, 'entered'] : [null, '']
  }
  const [q, q_from] = find('q', body['own_q'])
  const [beta, beta_from] = find('beta', body['own_beta'])
  return { q, q_from, beta, beta_from }
}

/** At most four decimals, and no false zeros. */
export const figure = (value: number | null | undefined, digits = 4): string =>
  typeof value === 'number' ? String(Number(value.toFixed(digits))) : '—'

export const massOf = (row: AssessedRow, side: Side): number => (side === 'design' ? row.design_t : row.now_t)

/** The sum written out with numbers; what does not fit is counted, never left out silently. */
export function sumText(rows: readonly AssessedRow[], side: Side, weighted: boolean, most = 10): { terms: string; more: number } {
  const term = (row: AssessedRow): string => `${weighted ? `${figure(row.beta)}×` : ''}${figure(massOf(row, side), 1)}/${figure(row.q)}`
  return { terms: rows.slice(0, most).map(term).join(' + ') || '0', more: Math.max(0, rows.length - most) }
}

/** Least and most of what is a number, as the server takes them. */
const RANGES: Record<(typeof NUMBERS)[number], readonly [number, number]> = {
  own_q: [0, 1e6],
  own_beta: [0, 100],
  density: [0, 25],
  flash_point: [-273.15, 2000],
  lel: [0, 100],
  uel: [0, 100],
}
const POSITIVE = new Set<string>(['own_q', 'own_beta', 'density'])

export interface Fault {
  where: string
  key: 'cas' | 'number' | 'range' | 'roles'
  values: Record<string, number>
}

/** What can be said without asking the server, in the reader's language; it checks all of this and more. */
export function faultsIn(draft: Draft): Fault[] {
  const found: Fault[] = []
  if (!/^([0-9]{2,7}-[0-9]{2}-[0-9])?$/.test((draft.text['cas'] ?? '').trim())) found.push({ where: 'cas', key: 'cas', values: {} })
  if (!draft.roles.length) found.push({ where: 'roles', key: 'roles', values: {} })
  const body = bodyOf(draft)
  for (const name of NUMBERS) {
    const value = body[name]
    const [min, max] = RANGES[name]
    if (typeof value !== 'number') continue
    if (!Number.isFinite(value)) found.push({ where: name, key: 'number', values: {} })
    else if (value < min || value > max || (POSITIVE.has(name) && value === 0)) found.push({ where: name, key: 'range', values: { min, max } })
  }
  return found
}
