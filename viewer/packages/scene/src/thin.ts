import type { Vec3 } from './frame'

/** Edges of the nested cells that one point of many may stand for, m. */
const CELLS = [16, 8, 4, 2, 1] as const
/** What stands for no cell of its own is seen from near by only, m. */
const NEAR = 30
/** A cell is worth a sign of its own up to so many times its edge away: there it is as wide as a sign. */
const TIMES = 40
const [SPAN, HEIGHT] = [8192, 1024]

/**
 * Those of many things that stand on a plan: one of each cell as wide as a sign. The cells lie in the plant, not on the screen, so that
 * nothing flickers while the plan is moved.
 *
 * @param things in metres, the most important first
 * @param sign how wide a sign is at the plan's scale, m
 */
export function* standing<T extends { at: Vec3 }>(things: Iterable<T>, sign: number): Generator<T> {
  const edge = 2 ** Math.ceil(Math.log2(sign))
  const taken = new Set<number>()
  for (const thing of things) {
    const cell = Math.floor(thing.at[0] / edge) * 2 ** 26 + Math.floor(thing.at[1] / edge)
    if (taken.has(cell)) continue
    taken.add(cell)
    yield thing
  }
}

/**
 * How far each of many points is to be seen, m, so that their signs do not lie on one another: the first of a cell stands for all of
 * it from afar, the others come as one draws near. It depends on no camera, so that nothing flickers and no frame costs anything.
 *
 * @param points in metres, the most important first
 */
export function reachOf(points: readonly Vec3[]): number[] {
  const taken = CELLS.map(() => new Set<number>())
  return points.map(([x, y, z]) => {
    const keys = CELLS.map((edge) => {
      const [i, j, k] = [Math.floor(x / edge), Math.floor(y / edge), Math.floor(z / edge)]
      return ((i + SPAN / 2) * SPAN + j + SPAN / 2) * HEIGHT + k + HEIGHT / 2
    })
    let own = CELLS.findIndex((_, n) => !taken[n]?.has(keys[n] as number))
    if (own < 0) own = CELLS.length
    for (let n = own; n < CELLS.length; n++) taken[n]?.add(keys[n] as number)
    return own === 0 ? Infinity : own === CELLS.length ? NEAR : (CELLS[own] as number) * TIMES
  })
}
