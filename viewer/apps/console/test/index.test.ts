import { radarOf } from '@twin/ui'
import { describe, expect, it } from 'vitest'
import { compare, ratioOf, SCALE, stepOf, textOf } from '../src/modules/index_workspace/ahp'
import { historyOption, type Ink } from '../src/modules/index_workspace/chart'
import { endOfDay, rowLink } from '../src/modules/index_workspace/words'

describe('comparisons in pairs', () => {
  it('go to ratios and back', () => {
    for (const step of SCALE) expect(stepOf(ratioOf(step))).toBe(step)
    expect(textOf(-3)).toBe('1/3')
    expect(stepOf(0.333)).toBe(-3)
  })
  it('set a cell and its reverse, not the diagonal, and leave the old matrix alone', () => {
    const old = [
      [1, 2],
      [0.5, 1],
    ]
    expect(compare(old, 0, 1, -4)).toEqual([
      [1, 0.25],
      [4, 1],
    ])
    expect(compare(old, 1, 1, 9)).toEqual(old)
    expect(old[0]).toEqual([1, 2])
  })
})

describe('radar', () => {
  const axes = (scores: (number | undefined)[]) => scores.map((now, i) => ({ key: `k${i}`, title: `t${i}`, now, then: 100 }))
  it('leaves axes without data out of the outline and keeps them on the chart', () => {
    const radar = radarOf(axes([100, undefined, 50, 100]), 96)
    expect(radar.spokes).toHaveLength(4)
    expect(radar.now).toBe('M0 -96L0 48L-96 0Z')
    expect(radar.spokes[1]?.dot).toBeUndefined()
    expect(radar.then.split('L')).toHaveLength(4)
  })
  it('draws no outline of two scores', () => {
    expect(radarOf(axes([10, 20, undefined]), 96).now).toBe('')
  })
})

describe('history', () => {
  const ink: Ink = { line: 'l', band: 'b', text: 't', text2: 't2', grid: 'g', panel: 'p', font: 'f' }
  it('puts the forecast behind the last day and names what no past errors tell of', () => {
    const option = historyOption(
      ink,
      {
        past: [{ day: '2026-11-01', value: 80, low: 79, high: 81, hours: 24 }],
        future: [
          { day: '2026-11-02', value: 82, low: 70, high: 94, errors: 9 },
          { day: '2026-11-03', value: 83, low: null, high: null, errors: 2 },
        ],
      },
      { past: 'past', future: 'future', unsure: 'unsure', band: 'band', bands: [] },
    )
    const series = (option.series ?? []) as { name: string; data: unknown[] }[]
    const data = Object.fromEntries(series.map((s) => [s.name, s.data]))
    expect(data['future']).toEqual([80, 82])
    expect(data['unsure']).toEqual([null, 82, 83])
    expect(data['band-']).toEqual([null, 70, null])
    expect(data['band']).toEqual([null, 24, null])
  })
})

it('links a condition of a point to its alarms', () => {
  const id = '01a224df-9d2e-76e6-a774-31b066bc0446'
  expect(rowLink('alarm_condition', `point:${id}:hh`)).toBe(`/alarms?state=all&subject=${id}`)
  expect(rowLink('hazard', id)).toBe(`/hazards/${id}`)
  expect(rowLink('something', id)).toBeUndefined()
})

it('knows when a day ends in the plant', () => {
  expect(endOfDay('2026-11-24', 'Asia/Shanghai').toISOString()).toBe('2026-11-24T15:59:59.000Z')
  expect(endOfDay('2026-11-24', 'America/New_York').toISOString()).toBe('2026-11-25T04:59:59.000Z')
})
