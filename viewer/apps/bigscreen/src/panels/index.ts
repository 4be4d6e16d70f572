import type { Component } from 'vue'

/** A panel at the edge of the screen. A module adds one by one file in this folder: `export default panel` of this shape. */
export interface Panel {
  key: string
  side: 'left' | 'right'
  /** small ones come first */
  order: number
  component: Component
  /** shown only to accounts that hold this scope */
  scope?: string
}

export function definePanel(panel: Panel): Panel {
  return panel
}

const modules = import.meta.glob<{ default: Panel }>(['./*.ts', '!./index.ts'], { eager: true })

export const PANELS: readonly Panel[] = Object.values(modules)
  .map((m) => m.default)
  .sort((a, b) => a.order - b.order)
