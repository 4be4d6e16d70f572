import { LineChart, type LineSeriesOption } from 'echarts/charts'
import { AxisPointerComponent, DataZoomComponent, GridComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import type { DataZoomComponentOption, GridComponentOption, TooltipComponentOption } from 'echarts/components'
import { init, use, type ComposeOption, type ECharts } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import { HUES, isGap, plantDate, plantTime, RISK } from '@twin/ui'
import { inkOf, type Ink } from '../../points/chart'
import { wallClock } from '../../points/trend'
import type { Span, Trend } from './view'

use([LineChart, AxisPointerComponent, DataZoomComponent, GridComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent, CanvasRenderer])

export { init, inkOf, type ECharts }
export type ChartOption = ComposeOption<LineSeriesOption | GridComponentOption | TooltipComponentOption | DataZoomComponentOption>

/** A line's colour and stroke, told apart on light and dark ground; the colours of risk belong to alarms only. */
export const penOf = (n: number, ink: Ink): { colour: string; type: 'solid' | 'dashed' } => {
  const colours = [ink.line, HUES.violet, ink.text, HUES.grey]
  return { colour: colours[n % colours.length] ?? ink.line, type: n < colours.length ? 'solid' : 'dashed' }
}

/** An alarm over the time that it stood, ms since 1970; `until` undefined: it stands still. */
export interface Mark {
  id: string
  subject: string
  grade: 1 | 2 | 3 | 4
  at: number
  until: number | undefined
  name: string
}

/** A corner of a band. */
interface Corner {
  name?: string
  xAxis: number
  itemStyle?: { color: string; opacity: number }
  label?: { color: string; fontSize: number; position: 'insideTop' }
}

export interface ChartInput {
  trends: readonly Trend[]
  marks: readonly Mark[]
  span: Span
  timezone: string
  ink: Ink
  figure: (value: number | null) => string
}

/** One grid for each unit, all on one time axis; alarms as bands over the time that they stood, on the grid of their point. */
export function chartOption({ trends, marks, span, timezone, ink, figure }: ChartInput): ChartOption {
  const units = [...new Set(trends.map((t) => t.unit))]
  const wall = (ms: number): number => wallClock(new Date(ms), timezone)
  const [min, max] = [wall(span.start), wall(span.end)]
  const share = 100 / units.length
  const times = trends.map((t) => t.items.map((s) => wall(Date.parse(s.start))))
  const label = { color: ink.text2, fontSize: 12 }
  return {
    useUTC: true, // the times are the plant's wall clock
    animation: false,
    textStyle: { fontFamily: ink.font, color: ink.text },
    axisPointer: { link: [{ xAxisIndex: 'all' }] },
    tooltip: {
      trigger: 'axis', backgroundColor: ink.panel, borderColor: ink.grid, textStyle: { color: ink.text, fontSize: 14 }, confine: true,
      formatter: (hit) => tooltip(Array.isArray(hit) ? hit : [hit], trends, figure),
    },
    grid: units.map((_, n) => ({ left: 64, right: 16, top: `${n * share + 5}%`, height: `${share - 11}%` })),
    dataZoom: [{ type: 'inside', xAxisIndex: units.map((_, n) => n), filterMode: 'none', throttle: 80 }],
    xAxis: units.map((_, n) => ({
      type: 'time' as const, gridIndex: n, min, max, axisLine: { lineStyle: { color: ink.text2 } },
      axisLabel: { ...label, show: n === units.length - 1, hideOverlap: true, formatter: { year: '{yyyy}', month: '{yyyy}-{MM}', day: '{MM}-{dd}', hour: '{HH}:{mm}', minute: '{HH}:{mm}', second: '{HH}:{mm}:{ss}' } },
    })),
    yAxis: units.map((unit, n) => ({
      type: 'value' as const, gridIndex: n, name: unit, nameTextStyle: label, scale: true, splitNumber: units.length > 2 ? 2 : 4,
      axisLabel: { ...label, formatter: (value: number) => figure(value) }, splitLine: { lineStyle: { color: ink.grid } },
    })),
    series: trends.map((trend, n) => {
      const at = units.indexOf(trend.unit)
      const pen = penOf(n, ink)
      const bands = marks.filter((m) => m.subject === trend.id).map((m): [Corner, Corner] => [
        { name: m.name, xAxis: wall(Math.max(m.at, span.start)), itemStyle: { color: RISK[m.grade].colour, opacity: 0.18 }, label: { color: ink.text, fontSize: 12, position: 'insideTop' } },
        { xAxis: wall(Math.min(m.until ?? span.end, span.end)) },
      ])
      const alone = new Set(trend.items.flatMap((s, i) => (!isGap(s) && gapAt(trend, i - 1) && gapAt(trend, i + 1) ? [i] : [])))
      return {
        id: trend.id, name: trend.tag, type: 'line' as const, xAxisIndex: at, yAxisIndex: at, connectNulls: false, showAllSymbol: true, symbol: 'circle',
        symbolSize: (_: unknown, params: { dataIndex: number }) => (alone.has(params.dataIndex) ? 5 : 0),
        data: trend.items.map((s, i) => [times[n]?.[i] ?? 0, isGap(s) ? null : s.avg]),
        lineStyle: { color: pen.colour, width: 1.75, type: pen.type }, itemStyle: { color: pen.colour },
        markArea: { silent: true, animation: false, data: bands },
      }
    }),
  }
} // prettier-ignore

const gapAt = (trend: Trend, i: number): boolean => {
  const step = trend.items[i]
  return !step || isGap(step)
}

/** Built of nodes, not of HTML text: units and tags are what somebody typed. */
function tooltip(hits: readonly { seriesId?: string; dataIndex?: number }[], trends: readonly Trend[], figure: ChartInput['figure']): HTMLElement {
  const box = document.createElement('div')
  const add = (text: string, bold = false): void => {
    const line = document.createElement('div')
    line.textContent = text
    if (bold) line.style.fontWeight = '600'
    box.append(line)
  }
  hits.forEach((hit, n) => {
    const trend = trends.find((t) => t.id === hit.seriesId)
    const step = trend?.items[hit.dataIndex ?? -1]
    if (!trend || !step) return
    const at = new Date(step.start)
    if (n === 0) add(`${plantDate(at, trend.timezone)} ${plantTime(at, trend.timezone)}`, true)
    add(isGap(step) ? `${trend.tag} —` : `${trend.tag} ${figure(step.avg)} (${figure(step.min)} … ${figure(step.max)}) ${trend.unit}`)
  })
  return box
}
