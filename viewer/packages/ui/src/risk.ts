import { RISK, type RiskLevel } from './tokens'

/** Outline of a level's mark on a 24x24 grid; the same path serves the DOM, the legend and the labels in the scene. */
export const RISK_PATHS: Record<RiskLevel, string> = {
  1: 'M8.1 2.5h7.8l5.6 5.6v7.8l-5.6 5.6H8.1l-5.6-5.6V8.1Z',
  2: 'M12 1.8 23.2 21.6H.8Z',
  3: 'M12 .9 23.1 12 12 23.1.9 12Z',
  4: 'M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20Z',
}

export function isRiskLevel(value: unknown): value is RiskLevel {
  return value === 1 || value === 2 || value === 3 || value === 4
}

/** SVG text of a mark: shape, colour and digit together, so that no one needs to see the colour. */
export function riskMarkSvg(level: RiskLevel): string {
  const { colour, ink } = RISK[level]
  const y = level === 2 ? 19 : 17
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="${RISK_PATHS[level]}" fill="${colour}"/><text x="12" y="${y}" text-anchor="middle" font-size="14" font-weight="700" font-family="Inter Variable, sans-serif" fill="${ink}">${level}</text></svg>`
}
