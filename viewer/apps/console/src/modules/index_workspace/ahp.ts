/** Comparisons in pairs on Saaty's scale as whole numbers: 3 is "three times as important", -3 is one third. */
export const SCALE: readonly number[] = [9, 8, 7, 6, 5, 4, 3, 2, 1, -2, -3, -4, -5, -6, -7, -8, -9]

export const ratioOf = (step: number): number => (step > 0 ? step : 1 / -step)
export const textOf = (step: number): string => (step > 0 ? String(step) : `1/${-step}`)

/** The step nearest to a ratio. */
export function stepOf(ratio: number): number {
  const n = Math.round(ratio >= 1 ? ratio : 1 / ratio)
  return ratio >= 1 || n === 1 ? n : -n
}

/** Sets one comparison and its reverse; the matrix that was given stays as it is. */
export function compare(matrix: readonly (readonly number[])[], row: number, column: number, step: number): number[][] {
  const made = matrix.map((r) => [...r])
  const [a, b] = [made[row], made[column]]
  if (a && b && row !== column) {
    a[column] = ratioOf(step)
    b[row] = 1 / ratioOf(step)
  }
  return made
}
