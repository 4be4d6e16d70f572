import { LAYERS, type Schema } from '@twin/api'

export type Hazard = Schema<'HazardOut'>
export type HazardDetail = Schema<'HazardDetail'>
export type Person = Schema<'NamedPerson'>

type Field = 'status' | 'level' | 'hazard_type' | 'source'

/** The dictionary of a field in the reader's language, from the declaration of the layer. */
export function codes(field: Field, language: string): { value: string | number; text: string }[] {
  const found = LAYERS['hazard']?.fields.find((f) => f.name === field)?.codes ?? []
  return found.map(({ value, title }) => ({ value, text: language === 'en' ? title.en : title.zh }))
}

export const codeText = (field: Field, value: unknown, language: string): string =>
  codes(field, language).find((c) => c.value === value)?.text ?? String(value ?? '')

export const LOOP = ['found', 'judged', 'assigned', 'rectified', 'accepted'] as const

/** How many steps of the loop are behind a hazard. */
export function stepsDone(status: string): number {
  return { reported: 1, to_assign: 2, rectifying: 3, extension_asked: 3, to_accept: 4, closed: 5, dismissed: 2 }[status] ?? 0
}

/** Steps in the order in which the page offers them: what moves the hazard on comes first. */
const ORDER = ['confirm_fixed', 'evaluate', 'assign', 'rectify', 'accept', 'approve_extension', 'refuse_extension', 'ask_extension', 'send_back', 'reassign', 'dismiss']
export const inOrder = (possible: readonly string[]): string[] => ORDER.filter((step) => possible.includes(step))

/** An end of a day as the form says it ("2026-12-24"), the last minute of it in the device's time zone. */
export const endOfDay = (day: string): string => new Date(`${day}T23:59:00`).toISOString()

/** Where a step goes to. */
export function pathOfStep(id: string, step: string): string {
  const answer = /^(approve|refuse)_extension$/.exec(step)?.[1]
  return `/api/hazards/${encodeURIComponent(id)}/${answer ? `extension/${answer}` : step}`
}
