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
  }
}
