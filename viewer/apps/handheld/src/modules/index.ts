import type { IconName } from '@twin/ui'
import type { Component } from 'vue'

/** A page of the handheld. */
export interface HandheldPage {
  name: string
  /** path below /m/ */
  path: string
  component: () => Promise<{ default: Component }>
  /** tile on the page "work" */
  tile?: { order: number; icon: IconName; to: string; scope?: string }
}

/**
 * What `modules/<key>/module.ts` exports by default. The texts are the default export of `modules/<key>/messages.ts`
 * (`{ 'zh-CN': …, en: … }`) and lie below the key; `<key>.tile.<page name>` names the tiles.
 */
export interface HandheldModule {
  key: string
  pages: HandheldPage[]
  /** sections of a zone's sheet; each takes the property `zone` (a Feature) */
  zoneSections?: { order: number; component: Component; scope?: string }[]
  /** drawn over the map */
  mapParts?: { order: number; component: Component; scope?: string }[]
}

export function defineModule(module: HandheldModule): HandheldModule {
  return module
}

const found = import.meta.glob<{ default: HandheldModule }>('./*/module.ts', { eager: true })

export const MODULES: readonly HandheldModule[] = Object.values(found).map((m) => m.default)
export const TILES = MODULES.flatMap((m) =>
  m.pages.flatMap(({ name, tile }) => (tile ? [{ ...tile, text: `${m.key}.tile.${name}` }] : [])),
).sort((a, b) => a.order - b.order)
export const ZONE_SECTIONS = MODULES.flatMap((m) => m.zoneSections ?? []).sort((a, b) => a.order - b.order)
export const MAP_PARTS = MODULES.flatMap((m) => m.mapParts ?? []).sort((a, b) => a.order - b.order)
