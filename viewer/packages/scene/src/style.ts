import { HUES, isRiskLevel, RISK, type IconName, type RiskLevel } from '@twin/ui'
import type { Paint } from './drape'
import { rgb } from './rgb'
import type { SceneFeature } from './types'

/** How layers look in the scene. */

export interface PinStyle {
  icon: IconName
  hue: string
  shape: 'circle' | 'square'
  /** metres above its point */
  lift: number
  /** pins farther than this from the camera are left out, m */
  far: number
  stem: boolean
}

const DEVICE_ICONS: Record<string, IconName> = {
  temperature: 'temperature',
  pressure: 'pressure',
  level: 'level',
  flow: 'flow',
  gas_combustible: 'gas',
  gas_toxic: 'gas',
  gas_oxygen: 'gas',
  valve: 'valve',
  wind: 'wind',
  air_temperature: 'temperature',
}

export const PIN_LAYERS = ['device', 'camera', 'gate', 'assembly_point', 'anchor'] as const

const PINS: Record<string, PinStyle> = {
  camera: { icon: 'camera', hue: HUES.sand, shape: 'square', lift: 1, far: 900, stem: true },
  gate: { icon: 'gate', hue: HUES.white, shape: 'square', lift: 9, far: 3000, stem: true },
  assembly_point: { icon: 'assembly', hue: HUES.white, shape: 'circle', lift: 9, far: 3000, stem: true },
  anchor: { icon: 'anchor', hue: HUES.grey, shape: 'circle', lift: 0.3, far: 320, stem: false },
}
const DEVICES = new Map<string, PinStyle>()

/** The same object for the same look: of ten thousand points each is asked for in every frame. */
export function pinStyle(layer: string, feature: SceneFeature): PinStyle {
  const own = PINS[layer]
  if (own) return own
  const kind = String(feature.properties['kind'] ?? '')
  const known = DEVICES.get(kind)
  if (known) return known
  const gas = kind.startsWith('gas')
  const icon = DEVICE_ICONS[kind] ?? 'device'
  const style: PinStyle = { icon, hue: gas ? HUES.violet : HUES.teal, shape: 'circle', lift: 0.8, far: gas ? 520 : 360, stem: false }
  DEVICES.set(kind, style)
  return style
}

export interface LabelStyle {
  /** shown while the camera's range is between these, m */
  near: number
  far: number
  rank: number
}

const ZONE_LABELS: Record<string, [number, number]> = {
  plant: [2200, 1e9],
  area: [780, 2600],
  unit: [60, 900],
  place: [20, 300],
}

export function labelStyle(layer: string, feature: SceneFeature): LabelStyle | undefined {
  const kind = String(feature.properties['kind'] ?? '')
  switch (layer) {
    case 'zone': {
      const [near, far] = ZONE_LABELS[kind] ?? [60, 900]
      return { near, far, rank: 100 - 10 * riskOf(feature) + (kind === 'unit' ? 5 : 0) }
    }
    case 'building':
      return { near: 0, far: 420, rank: 40 }
    case 'tank':
      return { near: 0, far: 260, rank: 30 }
    case 'unit':
    case 'warehouse':
      return { near: 0, far: 420, rank: 36 }
    case 'gate':
    case 'assembly_point':
      return { near: 0, far: 700, rank: 45 }
    case 'road':
      return { near: 0, far: 500, rank: 10 }
    case 'geofence':
      return { near: 0, far: 500, rank: 44 }
    case 'camera':
      return { near: 0, far: 130, rank: 20 }
    case 'device':
      return { near: 0, far: 110, rank: 15 }
    case 'anchor':
      return { near: 0, far: 70, rank: 5 }
    default:
      return undefined
  }
}

/** 0..1 as 0..255 */
const byte = (v: number): number => Math.round(v * 255)

export function riskOf(feature: SceneFeature): RiskLevel {
  const risk = feature.properties['risk'] ?? feature.properties['static_risk']
  return isRiskLevel(risk) ? risk : 4
}

/** The wider a zone, the thinner its paint: what happens in a unit must not drown in the colour of its area. */
const FILL = new Map([
  ['plant', 0],
  ['area', 0.08],
  ['unit', 0.24],
  ['place', 0.36],
])
const COLOUR: Record<RiskLevel, [number, number, number]> = {
  1: rgb(RISK[1].colour),
  2: rgb(RISK[2].colour),
  3: rgb(RISK[3].colour),
  4: rgb(RISK[4].colour),
}
const PATTERN: Record<RiskLevel, number> = { 1: 1, 2: 2, 3: 3, 4: 0 }

const PAINTS = new Map<string, Paint[]>()

/** The same object for the same look: thousands of zones may change at once. */
export function zonePaint(zone: SceneFeature, level: RiskLevel, selected: boolean, visible: boolean, lit: boolean): Paint {
  const kind = String(zone.properties['kind'] ?? 'unit')
  let paints = PAINTS.get(kind)
  if (!paints) PAINTS.set(kind, (paints = []))
  return (paints[level + (selected ? 8 : 0) + (visible ? 16 : 0) + (lit ? 32 : 0)] ??= paintOf(kind, level, selected, visible, lit))
}

function paintOf(kind: string, level: RiskLevel, selected: boolean, visible: boolean, lit: boolean): Paint {
  const fill = FILL.get(kind) ?? 0.24
  const show = visible || selected ? 1 : 0
  return {
    rgb: COLOUR[level],
    fill: byte(fill * show),
    rim: byte((kind === 'plant' ? 0.55 : kind === 'area' ? 0.7 : 0.95) * show),
    selected,
    pattern: fill < 0.2 ? 0 : PATTERN[level],
    lit,
  }
}
