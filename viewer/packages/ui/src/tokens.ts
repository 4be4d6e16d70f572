/**
 * The one set of design tokens (../shared/look.md). CSS reads them as variables (`--bg`), Cesium and MapLibre as values.
 *
 * Red, orange, yellow and blue belong to risk level and alarm grade and to nothing else on any screen.
 */

export type RiskLevel = 1 | 2 | 3 | 4

/** Risk level 1 (major, red) .. 4 (low, blue). Each colour is doubled by a shape and a digit, see RiskMark. */
export const RISK: Record<
  RiskLevel,
  { colour: string; ink: string; shape: 'octagon' | 'triangle' | 'diamond' | 'circle' }
> = {
  1: { colour: '#e5372e', ink: '#ffffff', shape: 'octagon' },
  2: { colour: '#f58a1f', ink: '#1b1206', shape: 'triangle' },
  3: { colour: '#f2d023', ink: '#1b1806', shape: 'diamond' },
  4: { colour: '#2f80f0', ink: '#ffffff', shape: 'circle' },
}

/** Classes of things that are not risk: devices, people, charts. */
export const HUES = {
  teal: '#4fc3b5',
  violet: '#a893f0',
  sand: '#d9c08f',
  white: '#e6edf3',
  grey: '#8fa1b3',
} as const

export type ThemeName = 'wall' | 'light' | 'dark'

export interface Theme {
  bg: string
  ground: string
  grid: string
  panel: string
  panelSolid: string
  raised: string
  line: string
  text: string
  text2: string
  text3: string
  accent: string
  accentInk: string
  accentSoft: string
  shadow: string
  focus: string
}

const wall: Theme = {
  bg: '#0b1420',
  ground: '#101b29',
  grid: '#1d2c3f',
  panel: 'rgba(17, 28, 43, 0.85)',
  panelSolid: '#111c2b',
  raised: '#1c2b3d',
  line: 'rgba(159, 176, 192, 0.18)',
  text: '#e6edf3',
  text2: '#9fb0c0',
  text3: '#8495a7',
  accent: '#4fc3b5',
  accentInk: '#06201d',
  accentSoft: 'rgba(79, 195, 181, 0.16)',
  shadow: '0 0.25rem 1.25rem rgba(2, 8, 16, 0.45)',
  focus: '#e6edf3',
}

export const THEMES: Record<ThemeName, Theme> = {
  wall,
  dark: wall,
  light: {
    bg: '#f3f5f7',
    ground: '#e4e9ee',
    grid: '#d2dae2',
    panel: 'rgba(255, 255, 255, 0.94)',
    panelSolid: '#ffffff',
    raised: '#eaeff3',
    line: 'rgba(40, 58, 76, 0.16)',
    text: '#15202b',
    text2: '#465767',
    text3: '#5b6b7b',
    accent: '#0b756b',
    accentInk: '#ffffff',
    accentSoft: 'rgba(11, 117, 107, 0.1)',
    shadow: '0 0.125rem 0.75rem rgba(20, 32, 44, 0.14)',
    focus: '#15202b',
  },
}

/** CSS variables of a theme: `panelSolid` becomes `--panel-solid`; risk colours `--risk-1`, `--risk-1-ink`; hues `--hue-teal`. */
export function cssVariables(theme: ThemeName): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [key, value] of Object.entries(THEMES[theme])) {
    out[`--${key.replace(/[A-Z0-9]/g, (c) => (/\d/.test(c) ? `-${c}` : `-${c.toLowerCase()}`))}`] = value
  }
  for (const [level, risk] of Object.entries(RISK)) {
    out[`--risk-${level}`] = risk.colour
    out[`--risk-${level}-ink`] = risk.ink
  }
  for (const [name, value] of Object.entries(HUES)) out[`--hue-${name}`] = value
  return out
}

export function applyTheme(theme: ThemeName, root: HTMLElement = document.documentElement): void {
  for (const [name, value] of Object.entries(cssVariables(theme))) root.style.setProperty(name, value)
  root.dataset['theme'] = theme
  root.style.colorScheme = theme === 'light' ? 'light' : 'dark'
}

/** Root font size in px: the wall is drawn for 1920x1080 with 24 px to the rem (no text under 18 px there) and scales with
 * the smaller side, so a 4K screen shows the same picture and a 3x1 wall keeps its panels and gives the width to the model. */
export function wallRem(width: number, height: number): number {
  return Math.max(12, Math.round(24 * Math.min(width / 1920, height / 1080) * 100) / 100)
}
