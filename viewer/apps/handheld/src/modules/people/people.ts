/** What the handheld needs of an item of the stream `positions`. */
export interface Fix {
  id: string
  kind: 'person' | 'vehicle'
  class: string
  name?: string
  department?: string
  zone: string | null
  state: 'good' | 'degraded' | 'held' | 'stale' | 'lost'
  /** s since 1970 */
  t: number
}

export interface Group {
  zone: string
  /** known to be here now; those with an old position are listed but not counted */
  count: number
  people: Fix[]
}

export const current = (f: Fix): boolean => f.state !== 'stale' && f.state !== 'lost'

/** People by their smallest zone, the fullest first; with a word only those whose name or department holds it. */
export function groupsOf(fixes: Iterable<Fix>, word = ''): Group[] {
  const low = word.trim().toLowerCase()
  const groups = new Map<string, Group>()
  for (const fix of fixes) {
    if (fix.kind !== 'person') continue
    if (low && ![fix.name, fix.department].some((v) => v?.toLowerCase().includes(low))) continue
    const zone = fix.zone ?? ''
    const group = groups.get(zone) ?? { zone, count: 0, people: [] }
    group.people.push(fix)
    if (current(fix)) group.count += 1
    groups.set(zone, group)
  }
  for (const group of groups.values()) group.people.sort((a, b) => (a.name ?? '').localeCompare(b.name ?? '', 'zh'))
  return [...groups.values()].sort((a, b) => b.count - a.count || (a.zone < b.zone ? -1 : 1))
}
