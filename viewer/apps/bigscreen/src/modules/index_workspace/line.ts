export interface Line {
  /** SVG path data over 0..width x 0..height */
  path: string
  low: number
  high: number
}

/** Values in the order of time as a line that fills the box; undefined with fewer than two. */
export function lineOf(values: readonly number[], width: number, height: number): Line | undefined {
  if (values.length < 2) return undefined
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const span = high - low || 1
  const points = values.map((v, i) => {
    const x = (i / (values.length - 1)) * width
    const y = high === low ? height / 2 : height - ((v - low) / span) * height
    return `${x.toFixed(1)} ${y.toFixed(1)}`
  })
  return { path: `M${points.join('L')}`, low, high }
}
