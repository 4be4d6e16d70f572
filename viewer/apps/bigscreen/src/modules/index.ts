import type { Feature } from '@twin/api'
import type { PlantView } from '@twin/scene'
import type { Component } from 'vue'

/** A panel at the edge of the screen; one of the bottom is a slim line, and no layout moves it to a side. */
export interface Panel {
  key: string
  side: 'left' | 'right' | 'bottom'
  /** small ones come first */
  order: number
  component: Component
  /** shown only to accounts that hold this scope */
  scope?: string
  /** stays while the screen shows the past: it follows, or (alarms) must never be missed; the others only know now and are put away */
  past?: boolean
}

/** A section of the card of a thing; its component takes the property `feature`. */
export interface CardSection {
  layer: string
  order: number
  component: Component<{ feature: Feature }>
  scope?: string
}

/**
 * What `modules/<key>/module.ts` exports by default: all that a module adds to the big screen. Beside it lie
 * `messages.ts` (default export `{ 'zh-CN': …, en: … }`, texts below the key) and, for switches of the layer tree,
 * `layers.ts` (default export `LayerInfo[]`, imports only types).
 */
export interface ScreenModule {
  key: string
  panels?: Panel[]
  cards?: CardSection[]
  /** drawn over the stage: cards of moving things, banners, time lines */
  overlays?: { key: string; component: Component; scope?: string }[]
  /** runs whenever a view is put on the stage; returns how to end it */
  stage?: (view: PlantView) => () => void
}

export function defineModule(module: ScreenModule): ScreenModule {
  return module
}

const found = import.meta.glob<{ default: ScreenModule }>('./*/module.ts', { eager: true })

export const MODULES: readonly ScreenModule[] = Object.values(found).map((m) => m.default)
export const PANELS: readonly Panel[] = MODULES.flatMap((m) => m.panels ?? []).sort((a, b) => a.order - b.order)
export const CARDS: readonly CardSection[] = MODULES.flatMap((m) => m.cards ?? []).sort((a, b) => a.order - b.order)
export const OVERLAYS = MODULES.flatMap((m) => m.overlays ?? [])
