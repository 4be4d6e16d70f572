/** The texts of a fence (`allowed`, `schedule`; see twin/spatial/fence_rules.py) as forms hold them. */

export interface Allowed {
  classes: string[]
  departments: string[]
  persons: string[]
  duties: string[]
  vehicles: string[]
}

export interface Week {
  /** 1 Monday .. 7 Sunday; none: every day */
  days: number[]
  from: string
  to: string
  /** the text says no more than one row of a week: a form can hold it whole */
  simple: boolean
}

function parse(text: string): Record<string, unknown> {
  try {
    const made: unknown = text.trim() ? JSON.parse(text) : {}
    return typeof made === 'object' && made !== null ? (made as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

export function readAllowed(text: string): Allowed {
  const made = parse(text)
  const list = (key: keyof Allowed): string[] => (Array.isArray(made[key]) ? (made[key] as unknown[]).map(String) : [])
  return { classes: list('classes'), departments: list('departments'), persons: list('persons'), duties: list('duties'), vehicles: list('vehicles') }
}

/** Null when it allows nobody in particular. */
export function writeAllowed(allowed: Allowed): string | null {
  const parts = Object.entries(allowed).filter(([, values]) => (values as string[]).length > 0)
  return parts.length > 0 ? JSON.stringify(Object.fromEntries(parts)) : null
}

export function readSchedule(text: string): Week {
  const made = parse(text)
  const weekly = (Array.isArray(made['weekly']) ? made['weekly'] : []) as { days?: number[]; from?: string; to?: string }[]
  const more = ['periods', 'off'].some((key) => Array.isArray(made[key]) && (made[key] as unknown[]).length > 0)
  const row = weekly[0]
  return { days: row?.days ?? [], from: row?.from ?? '', to: row?.to ?? '', simple: weekly.length <= 1 && !more }
}

/** Null when it always holds. */
export function writeSchedule({ days, from, to }: Omit<Week, 'simple'>): string | null {
  if (!from && !to && (days.length === 0 || days.length === 7)) return null
  const row: Record<string, unknown> = { from: from || '00:00', to: to || '24:00' }
  if (days.length > 0 && days.length < 7) row['days'] = [...days].sort((a, b) => a - b)
  return JSON.stringify({ weekly: [row] })
}
