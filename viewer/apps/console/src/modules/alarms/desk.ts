import type { Schema } from '@twin/api'
import { GRADES } from './types'

export type DeskIn = Schema<'DeskSettings'>
type Recording = Required<NonNullable<DeskIn['recording']>>

/** Settings of the desk while they are edited: a coil that is empty stays silent for its grade. */
export interface DeskDraft {
  siren: boolean
  host: string
  port: number
  unit: number
  coils: Record<number, string>
  recording: Recording
}

const RECORDING: Recording = { enabled: true, max_grade: 2, length_s: 60, pre_roll_s: 10, cameras: 2, radius_m: 100 }

export function deskDraft(kept: DeskIn): DeskDraft {
  const siren = kept.annunciator
  const coils = (siren?.coils ?? {}) as Record<string, number>
  return {
    siren: Boolean(siren),
    host: siren?.host ?? '',
    port: siren?.port ?? 502,
    unit: siren?.unit ?? 1,
    coils: Object.fromEntries(GRADES.map((g) => [g, coils[g] === undefined ? '' : String(coils[g])])),
    recording: { ...RECORDING, ...kept.recording },
  }
}

export function deskBody(draft: DeskDraft): Record<string, unknown> {
  const { siren, host, port, unit, recording } = draft
  const typed = GRADES.filter((g) => draft.coils[g]?.trim())
  const coils = Object.fromEntries(typed.map((g) => [g, Number(draft.coils[g])]))
  return { annunciator: siren ? { host, port, unit, coils } : null, recording }
}
