/** A place on the screen, px. */
export interface Box {
  x: number
  y: number
  width: number
  height: number
}

/** A label that wants a place. Higher rank first. */
export interface Candidate<T> extends Box {
  of: T
  rank: number
}

/** Greedy placement on a coarse grid: what overlaps something of higher rank is left out. At most `limit` stand, `others` among them. */
export function declutter<T>(
  candidates: Candidate<T>[],
  limit = 200,
  gap = 4,
  others: readonly Box[] = [],
): Candidate<T>[] {
  const cell = 64
  const taken = new Map<number, Box[]>()
  const placed: Candidate<T>[] = []
  const around = (c: Box) => ({ x0: c.x - gap, x1: c.x + c.width + gap, y0: c.y - gap, y1: c.y + c.height + gap })
  const cells = (box: ReturnType<typeof around>): number[] => {
    const keys: number[] = []
    for (let i = Math.floor(box.x0 / cell); i <= Math.floor(box.x1 / cell); i++)
      for (let j = Math.floor(box.y0 / cell); j <= Math.floor(box.y1 / cell); j++) keys.push(i * 100_003 + j)
    return keys
  }
  const take = (c: Box, keys: number[]): void => {
    for (const key of keys) {
      const list = taken.get(key)
      if (list) list.push(c)
      else taken.set(key, [c])
    }
  }
  for (const other of others) take(other, cells(around(other)))
  const sorted = [...candidates].sort((a, b) => b.rank - a.rank)
  for (const c of sorted) {
    if (placed.length + others.length >= limit) break
    const box = around(c)
    const keys = cells(box)
    const hit = keys.some((key) =>
      taken.get(key)?.some((o) => o.x < box.x1 && o.x + o.width > box.x0 && o.y < box.y1 && o.y + o.height > box.y0),
    )
    if (hit) continue
    placed.push(c)
    take(c, keys)
  }
  return placed
}
