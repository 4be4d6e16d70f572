import { BarChart, LineChart, type BarSeriesOption, type LineSeriesOption } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import type { GridComponentOption, LegendComponentOption, TooltipComponentOption } from 'echarts/components'
import { init, use, type ComposeOption, type ECharts } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import { inkOf, type Ink } from '../../points/chart'

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer])

export { init, inkOf, type ECharts, type Ink }
export type ChartOption = ComposeOption<
  BarSeriesOption | LineSeriesOption | GridComponentOption | LegendComponentOption | TooltipComponentOption
>

const base = (ink: Ink): ChartOption => ({
  animation: false,
  textStyle: { fontFamily: ink.font, color: ink.text },
  grid: { left: 8, right: 16, top: 32, bottom: 8, containLabel: true },
  tooltip: { trigger: 'axis', backgroundColor: ink.panel, borderColor: ink.grid, textStyle: { color: ink.text, fontSize: 14 } },
})
const labels = (ink: Ink) => ({ color: ink.text2, fontSize: 12 })

export interface Line {
  name: string
  data: number[]
  dashed?: boolean
}

/** Counts by day (or any step), one line each. */
export function lineOption(ink: Ink, at: string[], lines: Line[]): ChartOption {
  return {
    ...base(ink),
    legend: { top: 0, left: 0, textStyle: { color: ink.text2, fontSize: 12 }, itemHeight: 8 },
    xAxis: { type: 'category', data: at, axisLabel: { ...labels(ink), hideOverlap: true }, axisLine: { lineStyle: { color: ink.text2 } } },
    yAxis: { type: 'value', minInterval: 1, axisLabel: labels(ink), splitLine: { lineStyle: { color: ink.grid } } },
    series: lines.map((line) => ({
      type: 'line',
      name: line.name,
      data: line.data,
      showSymbol: false,
      lineStyle: { color: line.dashed ? ink.text2 : ink.line, width: 2, type: line.dashed ? 'dashed' : 'solid' },
      itemStyle: { color: line.dashed ? ink.text2 : ink.line },
    })),
  }
}

/** Counts by name, the most on top. */
export function barOption(ink: Ink, rows: readonly { name: string; n: number }[]): ChartOption {
  const shown = [...rows].sort((a, b) => a.n - b.n)
  return {
    ...base(ink),
    grid: { left: 8, right: 40, top: 8, bottom: 8, containLabel: true },
    xAxis: { type: 'value', minInterval: 1, axisLabel: labels(ink), splitLine: { lineStyle: { color: ink.grid } } },
    yAxis: { type: 'category', data: shown.map((r) => r.name), axisLabel: { ...labels(ink), width: 160, overflow: 'truncate' }, axisTick: { show: false } },
    series: [
      {
        type: 'bar',
        data: shown.map((r) => r.n),
        barMaxWidth: 18,
        itemStyle: { color: ink.line },
        label: { show: true, position: 'right', color: ink.text, fontSize: 12 },
      },
    ],
  }
}
