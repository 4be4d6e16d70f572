import type { Feature } from '@twin/api'
import { isRiskLevel } from '@twin/ui'

/** The rows of a detail card: what a person at the wall wants to know of a thing, with units. */
export interface Fact {
  label: string
  text: string
  num?: boolean
}

export interface Wording {
  t(key: string, values?: Record<string, unknown>): string
  /** is there such a text? */
  te(key: string): boolean
  english: boolean
}

export function factsOf(layer: string, { properties: p }: Feature, w: Wording, zoneName: string): Fact[] {
  const facts: Fact[] = []
  const add = (label: string, value: unknown, unit = ''): void => {
    if (value === null || value === undefined || value === '') return
    const text = typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 2 }) : String(value)
    facts.push({ label: w.t(`card.${label}`), text: unit ? `${text} ${unit}` : text, num: typeof value === 'number' })
  }
  const kind = p['kind']
  if (typeof kind === 'string') add('kind', w.te(`kind.${kind}`) ? w.t(`kind.${kind}`) : kind)
  const risk = p['risk']
  const fixed = p['static_risk']
  if (isRiskLevel(fixed) && fixed !== risk) add('static_risk', w.t(`risk.l${fixed}`))
  const level = p['control_level']
  if (isRiskLevel(level)) add('control_level', w.t(`control.l${level}`))
  add('department', p['department'])
  add('owner', p['owner'])
  add('owner_phone', p['owner_phone'])
  add('hazards', p['hazards'])
  add('process', p['process'])
  add('goods', p['goods'])
  add('medium', w.english ? (p['medium_en'] ?? p['medium']) : p['medium'])
  add('volume', p['volume_m3'], 'm³')
  if (typeof p['diameter_m'] === 'number' && typeof p['height_m'] === 'number')
    add('size', `${p['diameter_m']} × ${p['height_m']} m`)
  add('storeys', p['storeys'])
  add('measurand', p['measurand'])
  deviceFacts(p, add)
  if (p['safety'] === true) add('safety', w.t('card.yes'))
  add('direction', p['heading_deg'] ?? p['direction_deg'], '°')
  add('tilt', p['tilt_deg'], '°')
  add('fov', p['fov_deg'], '°')
  add('reach', p['range_m'], 'm')
  add('mount', p['mount_m'], 'm')
  if (typeof p['capacity'] === 'number') add('capacity', w.t('card.people', { n: p['capacity'] }))
  if (typeof p['limit_count'] === 'number') add('limit_count', w.t('card.people', { n: p['limit_count'] }))
  if (typeof p['limit_seconds'] === 'number') add('limit_seconds', w.t('card.seconds', { n: p['limit_seconds'] }))
  if (typeof p['enabled'] === 'boolean') add('enabled', w.t(p['enabled'] ? 'card.on' : 'card.off'))
  add('width', p['width_m'], 'm')
  if (layer !== 'zone') add('zone', zoneName)
  add('note', p.note)
  return facts
}

function deviceFacts(p: Feature['properties'], add: (label: string, value: unknown) => void): void {
  const unit = typeof p['unit_text'] === 'string' ? ` ${p['unit_text']}` : ''
  if (typeof p['range_low'] === 'number' && typeof p['range_high'] === 'number')
    add('range', `${p['range_low']} … ${p['range_high']}${unit}`)
  const limits = (['ll', 'l', 'h', 'hh'] as const)
    .filter((k) => typeof p[`limit_${k}`] === 'number')
    .map((k) => `${k.toUpperCase()} ${String(p[`limit_${k}`])}`)
  if (limits.length > 0) add('limits', limits.join(' · ') + unit)
}
