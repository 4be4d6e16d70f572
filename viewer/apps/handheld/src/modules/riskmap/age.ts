/** How old a thing is, as the texts `riskmap.minutes`, `hours` and `days` say it. */
export function ageOf(ms: number): { key: 'minutes' | 'hours' | 'days'; n: number } {
  const minutes = Math.max(0, Math.floor(ms / 60_000))
  if (minutes < 60) return { key: 'minutes', n: minutes }
  if (minutes < 48 * 60) return { key: 'hours', n: Math.floor(minutes / 60) }
  return { key: 'days', n: Math.floor(minutes / 1440) }
}
