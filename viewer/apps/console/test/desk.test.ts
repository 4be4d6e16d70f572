import { describe, expect, it } from 'vitest'
import { deskBody, deskDraft } from '../src/modules/alarms/desk'

describe('settings of the alarm desk', () => {
  it('gives back what was kept, and leaves grades without a coil out', () => {
    const kept = deskDraft({ annunciator: { host: '10.0.0.5', port: 502, unit: 7, coils: { 1: 0, 3: 12 } } })
    expect(kept.coils).toEqual({ 1: '0', 2: '', 3: '12', 4: '' })
    expect(deskBody(kept)).toEqual({
      annunciator: { host: '10.0.0.5', port: 502, unit: 7, coils: { 1: 0, 3: 12 } },
      recording: { enabled: true, max_grade: 2, length_s: 60, pre_roll_s: 10, cameras: 2, radius_m: 100 },
    })
  })

  it('takes the annunciator away when there is none', () => {
    expect(deskBody(deskDraft({ annunciator: null }))['annunciator']).toBeNull()
  })
})
