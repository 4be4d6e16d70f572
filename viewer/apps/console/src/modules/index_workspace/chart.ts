import { LineChart, type LineSeriesOption } from 'echarts/charts'
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import type { GridComponentOption, LegendComponentOption, TooltipComponentOption } from 'echarts/components'
import { init, use, type ComposeOption, type ECharts } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import { inkOf, type Ink } from '../../points/chart'
import { figure, type Forecast, type Now } from './words'

use([LineChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer])

export { init, inkOf, type ECharts, type Ink }
export type ChartOption = ComposeOption<LineSeriesOption | GridComponentOption | LegendComponentOption | TooltipComponentOption>

export interface Words {
  past: string
  future: string
  /** of days as far ahead as no past errors tell of */
  unsure: string
  band: string
  bands: { at: number; name: string }[]
}

export const wordsOf = (bands: Now['bands'], t: (key: string) => string): Words => ({
  past: t('index_workspace.past'),
  future: t('index_workspace.future'),
  unsure: t('index_workspace.unsure'),
  band: t('index_workspace.errorBand'),
  bands: [
    { at: bands.blue ?? 90, name: t('index_workspace.word.4') },
    { at: bands.yellow ?? 75, name: t('index_workspace.word.3') },
    { at: bands.orange ?? 60, name: t('index_workspace.word.2') },
  ],
})

/** Days that were, the moving average of those to come, and the band of its past errors; where they are too few the average is faint and named so. */
export function historyOption(ink: Ink, found: Forecast, words: Words): ChartOption {
  const [past, future] = [found.past, found.future]
  const days = [...past.map((d) => d.day), ...future.map((d) => d.day)]
  const blank = past.map(() => null)
  const low = [...blank, ...future.map((d) => d.low)]
  const span = [...blank, ...future.map((d) => (d.low === null || d.high === null ? null : d.high - d.low))]
  const last = past.at(-1)
  const known = future.filter((d) => d.low !== null).length
  // they meet in the last day whose band is known
  const sure = [...(last ? [last.value] : []), ...future.slice(0, known).map((d) => d.value)]
  const ahead = [...blank.slice(1), ...sure.slice(0, -1).map(() => null), ...sure.slice(-1), ...future.slice(known).map((d) => d.value)]
  const line = { type: 'line', showSymbol: false } as const
  const hidden = { ...line, silent: true, lineStyle: { opacity: 0 }, stack: 'band' } as const
  return {
    animation: false,
    textStyle: { fontFamily: ink.font, color: ink.text },
    grid: { left: 8, right: 88, top: 36, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, data: [words.past, words.future, ...(known < future.length ? [words.unsure] : []), words.band], textStyle: { color: ink.text2, fontSize: 12 }, itemHeight: 8 },
    tooltip: {
      trigger: 'axis',
      backgroundColor: ink.panel,
      borderColor: ink.grid,
      textStyle: { color: ink.text, fontSize: 14 },
      formatter: (rows) => {
        const i = Array.isArray(rows) ? (rows[0]?.dataIndex ?? 0) : rows.dataIndex
        const [was, will] = [past[i], future[i - past.length]]
        if (was) return `${was.day}<br>${words.past} ${figure(was.value)} (${figure(was.low)} – ${figure(was.high)})`
        if (!will) return ''
        if (will.low === null) return `${will.day}<br>${words.unsure} ${figure(will.value)}`
        return `${will.day}<br>${words.future} ${figure(will.value)}<br>${words.band} ${figure(will.low)} – ${figure(will.high)}`
      },
    },
    xAxis: { type: 'category', data: days, boundaryGap: false, axisLabel: { color: ink.text2, fontSize: 12, hideOverlap: true, formatter: (day: string) => day.slice(5) }, axisLine: { lineStyle: { color: ink.text2 } } },
    yAxis: { type: 'value', min: 0, max: 100, axisLabel: { color: ink.text2, fontSize: 12 }, splitLine: { lineStyle: { color: ink.grid } } },
    series: [
      { ...hidden, name: `${words.band}-`, data: low },
      { ...hidden, name: words.band, data: span, areaStyle: { color: ink.line, opacity: 0.14 }, itemStyle: { color: ink.line, opacity: 0.3 } },
      {
        ...line,
        name: words.past,
        data: past.map((d) => d.value),
        lineStyle: { color: ink.line, width: 2 },
        itemStyle: { color: ink.line },
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { color: ink.text2, type: 'dotted' },
          label: { color: ink.text2, fontSize: 12, formatter: ({ name }) => `≥ ${name}` },
          data: words.bands.map((b) => ({ yAxis: b.at, name: `${b.at} ${b.name}` })),
        },
      },
      {
        ...line,
        name: words.future,
        data: [...blank.slice(1), ...sure],
        lineStyle: { color: ink.text2, width: 2, type: 'dashed' },
        itemStyle: { color: ink.text2 },
      },
      {
        ...line,
        name: words.unsure,
        data: known < future.length ? ahead : [],
        lineStyle: { color: ink.text2, width: 1, type: 'dotted' },
        itemStyle: { color: ink.text2 },
      },
    ],
  }
}
