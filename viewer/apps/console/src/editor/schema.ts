import { LAYERS, type FieldInfo, type LayerInfo } from '@twin/api'

export type { FieldInfo, LayerInfo }

/** The layers that can be edited, in the order of the registry. */
export const layerList: readonly LayerInfo[] = Object.values(LAYERS)

export function layerOf(key: string): LayerInfo | undefined {
  return layerList.find((layer) => layer.key === key)
}

export function titleIn(language: string, of: { zh: string; en: string }): string {
  return language === 'en' ? of.en : of.zh
}

export type Fault = { key: 'required' | 'number' | 'range'; min?: number | string; max?: number | string }

/** What is wrong with a value before it goes to the server (which checks again, and more). */
export function faultOf(field: FieldInfo, value: unknown): Fault | null {
  const empty = value === null || value === undefined || value === ''
  if (empty) return field.required ? { key: 'required' } : null
  if (field.kind === 'number' || field.kind === 'integer') {
    const number = typeof value === 'number' ? value : Number(value)
    if (!Number.isFinite(number) || (field.kind === 'integer' && !Number.isInteger(number))) return { key: 'number' }
    const low = field.minimum !== undefined && number < field.minimum
    const high = field.maximum !== undefined && number > field.maximum
    if (low || high) return { key: 'range', min: field.minimum ?? '-∞', max: field.maximum ?? '∞' }
  }
  return null
}

/** Only what differs: two people who edit different fields of one feature do not undo each other. */
export function changes(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  fields: readonly FieldInfo[],
): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const field of fields) {
    if (!field.writable) continue
    const a = before[field.name] ?? null
    const raw = after[field.name] ?? null
    const b = raw === '' && field.kind !== 'string' ? null : raw
    if (a !== b) out[field.name] = b
  }
  return out
}
