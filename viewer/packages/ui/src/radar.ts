/** Geometry of a radar chart (雷达图) of scores 0..100. An axis without a score is drawn, and left out of the outlines. */

export interface RadarAxis {
  key: string
  title: string
  now?: number | undefined
  then?: number | undefined
}

export interface RadarSpoke {
  axis: RadarAxis
  /** end of the axis and place of its title, from the middle */
  end: [number, number]
  title: [number, number]
  anchor: 'start' | 'middle' | 'end'
  /** the scores on the axis */
  dot: [number, number] | undefined
  was: [number, number] | undefined
}

export interface Radar {
  spokes: RadarSpoke[]
  /** SVG path data; empty with fewer than three scores */
  now: string
  then: string
  rings: string[]
}

const round = (v: number): number => Math.round(v * 10) / 10

export function radarOf(axes: readonly RadarAxis[], radius: number): Radar {
  const point = (i: number, r: number): [number, number] => {
    const angle = (i / axes.length) * 2 * Math.PI - Math.PI / 2
    return [round(Math.cos(angle) * r), round(Math.sin(angle) * r)]
  }
  const path = (points: readonly [number, number][]): string =>
    points.length < 3 ? '' : `M${points.map((p) => p.join(' ')).join('L')}Z`
  const outline = (pick: (axis: RadarAxis) => number | undefined): string =>
    path(
      axes.flatMap((axis, i) => {
        const score = pick(axis)
        return score === undefined ? [] : [point(i, (score / 100) * radius)]
      }),
    )
  return {
    spokes: axes.map((axis, i) => {
      const [x, y] = point(i, radius)
      const anchor = Math.abs(x) < radius * 0.1 ? 'middle' : x > 0 ? 'start' : 'end'
      const [tx, ty] = point(i, radius + 12)
      // Two lines: at the top they stand over the axis, at the bottom below it.
      const title: [number, number] = anchor === 'middle' ? [tx, ty < 0 ? ty - 12 : ty + 4] : [tx, ty]
      const at = (score: number | undefined) => (score === undefined ? undefined : point(i, (score / 100) * radius))
      return { axis, end: [x, y], title, anchor, dot: at(axis.now), was: at(axis.then) }
    }),
    now: outline((a) => a.now),
    then: outline((a) => a.then),
    rings: [25, 50, 75, 100].map((r) => path(axes.map((_, i) => point(i, (r / 100) * radius)))),
  }
}
