/** Times are shown in plant time: 14:05:32, dates 2026-11-23 (ISO 8601 calendar date, IANA zone). */

const cache = new Map<string, Intl.DateTimeFormat>()

function parts(at: Date, timezone: string): Record<string, string> {
  let format = cache.get(timezone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    cache.set(timezone, format)
  }
  return Object.fromEntries(format.formatToParts(at).map((p) => [p.type, p.value]))
}

export function plantTime(at: Date, timezone: string): string {
  const p = parts(at, timezone)
  return `${p['hour']}:${p['minute']}:${p['second']}`
}

export function plantDate(at: Date, timezone: string): string {
  const p = parts(at, timezone)
  return `${p['year']}-${p['month']}-${p['day']}`
}

/** Fields for date and time hold the plant's wall clock, wherever the screen stands. */
export const toField = (ms: number, timezone: string): string => {
  const at = new Date(ms)
  return `${plantDate(at, timezone)}T${plantTime(at, timezone)}`
}

/** ms since 1970 of a wall clock time in the plant, undefined when it is none. */
export function fromField(text: string, timezone: string): number | undefined {
  const wall = Date.parse(`${text}Z`)
  if (Number.isNaN(wall)) return undefined
  // the offset at that time, found by one correction: right but for the hour that a change of the clock skips
  let at = wall
  for (let i = 0; i < 2; i++) at += wall - Date.parse(`${toField(at, timezone)}Z`)
  return at
}
