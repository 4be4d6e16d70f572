import type { IconName } from '@twin/ui'

/** The spatial layers that the big screen shows, in drawing and listing order. */
export interface LayerInfo {
  key: string
  icon: IconName
  group: 'groupRisk' | 'groupPeople' | 'groupPlant' | 'groupDevices'
  /** shown when nobody has chosen otherwise */
  start: boolean
  /** without a switch of its own */
  hidden?: boolean
  /** drawn by a module from a live stream: no features to list */
  virtual?: boolean
  /** key of the text; `layers.<key>` when left out */
  text?: string
}

const modules = import.meta.glob<{ default: LayerInfo[] }>('./modules/*/layers.ts', { eager: true })

export const LAYERS: readonly LayerInfo[] = [
  { key: 'zone', icon: 'zone', group: 'groupRisk', start: true },
  { key: 'geofence', icon: 'fence', group: 'groupRisk', start: false },
  { key: 'building', icon: 'building', group: 'groupPlant', start: true },
  { key: 'unit', icon: 'unit', group: 'groupPlant', start: false },
  { key: 'tank', icon: 'tank', group: 'groupPlant', start: true },
  { key: 'warehouse', icon: 'warehouse', group: 'groupPlant', start: true },
  { key: 'road', icon: 'road', group: 'groupPlant', start: false },
  { key: 'gate', icon: 'gate', group: 'groupPlant', start: true },
  { key: 'assembly_point', icon: 'assembly', group: 'groupPlant', start: true },
  { key: 'camera', icon: 'camera', group: 'groupDevices', start: true },
  { key: 'device', icon: 'device', group: 'groupDevices', start: true },
  { key: 'anchor', icon: 'anchor', group: 'groupDevices', start: false },
  { key: 'floor', icon: 'floor', group: 'groupPlant', start: false, hidden: true },
]

/** The switches of the layer tree, those of modules last in their group. */
export const SWITCHES: readonly LayerInfo[] = [...LAYERS, ...Object.values(modules).flatMap((m) => m.default)]

/** Layers of things that move: drawn from a live stream, each by its id. */
export const MOVING: ReadonlySet<string> = new Set(SWITCHES.filter((l) => l.virtual).map((l) => l.key))

export const START_LAYERS: ReadonlySet<string> = new Set(SWITCHES.filter((l) => l.start).map((l) => l.key))

export function iconOf(layer: string): IconName {
  return LAYERS.find((l) => l.key === layer)?.icon ?? 'info'
}
