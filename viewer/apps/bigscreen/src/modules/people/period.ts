import { plantDate, plantTime } from '@twin/ui'

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
