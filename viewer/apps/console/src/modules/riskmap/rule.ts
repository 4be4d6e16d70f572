import type { Schema } from '@twin/api'

export type Rule = Schema<'RiskRuleOut'>
export type Body = Rule['body']
type Where = NonNullable<Body['where']>[number]
export type Op = Where['op']

/** A rule as the form holds it: minutes, and the values of conditions as people write them. */
export interface Draft {
  key: string
  title_zh: string
  title_en: string
  icon: string
  enabled: boolean
  version: number
  kind: string
  where: { name: string; op: Op; value: string }[]
  count: number
  window: number
  standing: number
  /** `l1`..`l3`: to that level; `s1`..`s3`: by so many */
  lift: string
  hold: number
  release: number
  zone_kinds: NonNullable<Body['zone_kinds']>
  /** codes of zones that it is for, each with all below; none: all */
  zones: string[]
}

const written = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value))

function read(text: string): string | number | boolean {
  const trimmed = text.trim()
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true'
  return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed
}

export function draftOf(rule: Rule): Draft {
  const { body } = rule
  return {
    key: rule.key,
    title_zh: rule.title_zh,
    title_en: rule.title_en,
    icon: rule.icon,
    enabled: rule.enabled,
    version: rule.version,
    kind: body.kind,
    where: (body.where ?? []).map(({ name, op, value }) => ({ name, op, value: written(value) })),
    count: body.count ?? 1,
    window: (body.window_s ?? 0) / 60,
    standing: (body.standing_s ?? 0) / 60,
    lift: body.level ? `l${body.level}` : `s${body.steps ?? 1}`,
    hold: (body.hold_s ?? 0) / 60,
    release: (body.release_s ?? 0) / 60,
    zone_kinds: body.zone_kinds ?? [],
    zones: [...(body.zones ?? [])],
  }
}

export function bodyOf(draft: Draft): Body {
  const n = Number(draft.lift.slice(1)) as 1 | 2 | 3
  const where = draft.where.map(({ name, op, value }): Where => ({
    name,
    op,
    value: op === 'in' ? value.split(/[,，]/).map(read).filter((v): v is string | number => v !== '' && typeof v !== 'boolean') : read(value),
  })) // prettier-ignore
  return {
    kind: draft.kind,
    where,
    count: draft.count,
    window_s: draft.window * 60,
    standing_s: draft.standing * 60,
    level: draft.lift.startsWith('l') ? n : null,
    steps: draft.lift.startsWith('s') ? n : 1,
    hold_s: draft.hold * 60,
    release_s: draft.release * 60,
    zone_kinds: draft.zone_kinds,
    zones: draft.zones,
  }
}

/** Effects of a rule: to that level, or by so many levels. */
export const LIFTS = ['l1', 'l2', 'l3', 's1', 's2', 's3'] as const
export const liftText = (lift: string, t: (key: string, named?: Record<string, unknown>) => string): string =>
  lift.startsWith('l') ? `${t('riskmap.liftTo')} ${t(`riskmap.l.${lift.slice(1)}`)}` : t('riskmap.liftBy', { n: lift.slice(1) })

/** Kinds of zones, from the whole plant down. */
export const ZONE_KINDS = ['plant', 'area', 'unit', 'place'] as const
/** Longest times that a rule may ask for, in minutes. */
export const LONGEST = { window: 43_200, standing: 43_200, hold: 1440, release: 1440 } as const

/** A rule that nobody has written yet, about facts of this kind. */
export function emptyDraft(kind: string): Draft {
  return {
    key: '', title_zh: '', title_en: '', icon: 'info', enabled: true, version: 0, kind, where: [],
    count: 1, window: 0, standing: 0, lift: 's1', hold: 0, release: 0, zone_kinds: [], zones: [],
  } // prettier-ignore
}

/** The name of a new rule: nobody has to invent one. */
export function freeKey(keys: readonly string[]): string {
  for (let n = 1; ; n++) if (!keys.includes(`own_${n}`)) return `own_${n}`
}

/** What is wrong with a field: a text below `riskmap.wrong`, with its figure. */
export interface Fault {
  key: 'empty' | 'long' | 'kind' | 'attribute' | 'value' | 'number' | 'count' | 'minutes' | 'both'
  n?: number
}

function wrongTest(one: Draft['where'][number], names: readonly string[] | undefined): Fault | undefined {
  if (!one.name.trim() || (names && !names.includes(one.name))) return { key: 'attribute' }
  const values = (one.op === 'in' ? one.value.split(/[,，]/) : [one.value]).map(read)
  if (!values.some((v) => v !== '')) return { key: 'value' }
  if ((one.op === 'le' || one.op === 'ge') && typeof values[0] !== 'number') return { key: 'number' }
  return undefined
}

/**
 * What the server would refuse, or what could never hold, by field (`where.0` is the first condition).
 * `names` are the attributes of the kind's facts; without them (no module feeds the kind) any name will do.
 */
export function faultsOf(draft: Draft, names?: readonly string[]): Record<string, Fault> {
  const found: Record<string, Fault> = {}
  for (const field of ['title_zh', 'title_en'] as const) {
    const text = draft[field].trim()
    if (!text) found[field] = { key: 'empty' }
    else if (text.length > 100) found[field] = { key: 'long', n: 100 }
  }
  if (!draft.kind) found['kind'] = { key: 'kind' }
  draft.where.forEach((one, i) => {
    const wrong = wrongTest(one, names)
    if (wrong) found[`where.${i}`] = wrong
  })
  if (!Number.isInteger(draft.count) || draft.count < 1 || draft.count > 1000) found['count'] = { key: 'count', n: 1000 }
  for (const field of ['window', 'standing', 'hold', 'release'] as const) {
    const minutes: unknown = draft[field] // an emptied number field holds a text
    if (typeof minutes !== 'number' || !(minutes >= 0 && minutes <= LONGEST[field])) found[field] = { key: 'minutes', n: LONGEST[field] }
  }
  if (draft.window > 0 && draft.standing > 0) found['standing'] ??= { key: 'both' }
  return found
}
