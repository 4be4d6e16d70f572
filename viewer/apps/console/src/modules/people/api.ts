import type { components } from '@twin/api'

type Schemas = components['schemas']
export type Person = Schemas['PersonOut']
export type PeoplePage = Schemas['PeoplePage']
export type PersonIn = Schemas['PersonIn']
export type Department = Schemas['DepartmentOut']
export type Imported = Schemas['Imported']
export type Terminal = Schemas['TerminalOut']
export type Terminals = Schemas['Terminals']
export type Vehicle = Schemas['VehicleOut']
export type VehiclesPage = Schemas['VehiclesPage']
export type Call = Schemas['CallOut']
export type CallDetail = Schemas['CallDetail']
export type CallIn = Schemas['CallIn']
export type CallsPage = Schemas['CallsPage']
export type AccuracyReport = Schemas['AccuracyReport']
export type AccuracyStep = Schemas['AccuracyStep']
export type AnchorReport = Schemas['AnchorReport']
export type RadioMap = Schemas['RadioMapOut']
export type PlanMap = Schemas['PlanMap']
export type PlanRequest = Schemas['PlanRequest']
export type FenceEvent = Schemas['FenceEventOut']
export type Moment = Schemas['MomentOut']

export type State = 'good' | 'degraded' | 'held' | 'stale' | 'lost'

/** What a list needs of an item of the stream `positions`. */
export interface Fix {
  id: string
  kind: 'person' | 'vehicle'
  zone: string | null
  floor: string | null
  lon: number
  lat: number
  h: number
  r95: number
  speed?: number
  state: State
  /** s since 1970 */
  t: number
}

export const say = (error: unknown): string => (error instanceof Error ? error.message : String(error))
