import { ApiError } from '@twin/api'

/** The register's four kinds of rows, each a form: which fields it has is data, so one form draws them all. */
export type Kind = 'objects' | 'units' | 'events' | 'measures'
export interface Field {
  name: string
  type: 'line' | 'area' | 'choice' | 'many'
  required?: true
}
export interface Option {
  value: string | number
  text: string
}
export type Draft = Record<string, string | number | string[] | null>

const line = (name: string): Field => ({ name, type: 'line' })
const need = (field: Field): Field => ({ ...field, required: true })
const choice = (name: string): Field => need({ name, type: 'choice' })

export const FIELDS: Record<Kind, readonly Field[]> = {
  objects: [need(line('code')), need(line('name')), choice('kind'), line('hazard_code'), line('department'), line('main_person'), line('technical_person'), line('operation_person')],
  units: [choice('object_id'), need(line('code')), need(line('name')), line('department'), line('liable_person'), { name: 'zone_codes', type: 'many' }],
  events: [choice('unit_id'), need(line('name')), choice('category'), line('subject'), { name: 'content', type: 'area' }, { name: 'accident_types', type: 'many' }, line('department'), line('owner')],
  measures: [need({ name: 'description', type: 'area' }), choice('data_src'), choice('classify2'), line('classify3'), { name: 'check_content', type: 'area' }, line('owner')],
}
const START: Record<Kind, Draft> = {
  objects: { kind: 'other' },
  units: {},
  events: { category: 'equipment' },
  measures: { data_src: 2, classify2: '1-1' },
}

/** What the form shows: the row as it is, or an empty one with what is already known (`seed`: the parent). */
export function draftOf(kind: Kind, row: object | undefined, seed: Draft = {}): Draft {
  const known = { ...START[kind], ...seed, ...(row as Draft | undefined) }
  return Object.fromEntries(FIELDS[kind].map(({ name, type }) => [name, known[name] ?? (type === 'many' ? [] : '')]))
}

/** What the server takes; a measure's first class is the first half of its second. */
export function bodyOf(kind: Kind, draft: Draft): Draft {
  const body = Object.fromEntries(Object.entries(draft).map(([name, value]) => [name, typeof value === 'string' ? value.trim() : value]))
  return kind === 'measures' ? { ...body, classify1: Number(String(draft['classify2'])[0]), data_src: Number(draft['data_src']) } : body
}

/** What the check or the import of a table says. */
export interface Imported {
  rows: number
  created: number
  updated: number
  unchanged: number
  applied: boolean
  errors: readonly { where?: string | undefined; message?: string | undefined }[]
}

/** What the server found wrong, in the reader's language, each fault with the field that it is about. */
export function faultsOf(error: unknown): { where: string; message: string }[] {
  if (error instanceof ApiError && error.errors.length)
    return error.errors.map((e) => ({ where: String(e.where ?? ''), message: String(e.message ?? e.code ?? '') }))
  return [{ where: '', message: error instanceof Error ? error.message : String(error) }]
}

/** The version that somebody else saved meanwhile; undefined for any other refusal. */
export function newerVersion(error: unknown): number | undefined {
  const current = error instanceof ApiError && error.status === 409 && error.code === 'conflict' ? Number(error.params['current']) : NaN
  return Number.isFinite(current) ? current : undefined
}
