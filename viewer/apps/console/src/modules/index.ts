import type { IconName } from '@twin/ui'
import type { Component } from 'vue'

export const NAV_GROUPS = ['field', 'people', 'safety', 'map', 'system'] as const
export type NavGroup = (typeof NAV_GROUPS)[number]

/** A page of the console. */
export interface ConsolePage {
  /** name of the route */
  name: string
  /** path below /console/, e.g. `alarms/:id?` */
  path: string
  component: () => Promise<{ default: Component }>
  /** entry in the navigation; without it the page is only reached from others */
  nav?: { group: NavGroup; order: number; icon: IconName; to: string; scope?: string }
}

/**
 * What `modules/<key>/module.ts` exports by default. The texts are the default export of `modules/<key>/messages.ts`
 * (`{ 'zh-CN': …, en: … }`) and lie below the key; `<key>.nav.<page name>` names the entries of the navigation.
 */
export interface ConsoleModule {
  key: string
  pages: ConsolePage[]
  /** stands in the head of every page */
  head?: { component: Component; scope?: string }
}

export function defineModule(module: ConsoleModule): ConsoleModule {
  return module
}

const found = import.meta.glob<{ default: ConsoleModule }>('./*/module.ts', { eager: true })

export const MODULES: readonly ConsoleModule[] = Object.values(found).map((m) => m.default)
