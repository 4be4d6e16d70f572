import { isGap, plantDate, plantTime } from '@twin/ui'
import { LineChart, type LineSeriesOption } from 'echarts/charts'
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import type { GridComponentOption, TooltipComponentOption } from 'echarts/components'
import { init, use, type ComposeOption, type ECharts } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import { bounds, shapeOf, wallClock, type Limit, type Trend, type TrendStep } from './trend'

use([LineChart, GridComponent, MarkLineComponent, TooltipComponent, CanvasRenderer])

export { init, type ECharts }
export type ChartOption = ComposeOption<LineSeriesOption | GridComponentOption | TooltipComponentOption>

export interface Words {
  min: string
  max: string
  avg: string
  last: string
  count: string
  bad: string
  gap: string
  still: string
}

/** What the chart takes from the design tokens. */
export interface Ink {
  line: string
  band: string
  text: string
  text2: string
  grid: string
  panel: string
  font: string
}

export function inkOf(element: HTMLElement): Ink {
  const style = getComputedStyle(element)
  const of = (name: string): string => style.getPropertyValue(name).trim()
  return {
    line: of('--accent'),
    band: of('--hue-teal'),
    text: of('--text'),
    text2: of('--text-2'),
    grid: of('--line'),
    panel: of('--panel-solid'),
    font: of('--font-num'),
  }
}

export interface ChartInput {
  trend: Trend
  limits: readonly Limit[]
  words: Words
  ink: Ink
  figure: (value: number | null) => string
}

/** The band from min to max with the average in it; gaps stay open, limits are dashed and carry their letters. */
export function chartOption({ trend, limits, words, ink, figure }: ChartInput): ChartOption {
  const { items, timezone } = trend
  const { alone } = shapeOf(items)
  const at = items.map((item) => wallClock(new Date(item.start), timezone))
  const column = (pick: (item: TrendStep) => number | null): [number, number | null][] =>
    items.map((item, i) => [at[i] ?? 0, isGap(item) ? null : pick(item)])
  const band = {
    type: 'line',
    stack: 'band',
    stackStrategy: 'all',
    silent: true,
    showSymbol: false,
    connectNulls: false,
    lineStyle: { width: 0 },
  } as const
  const [low, high] = bounds(items, limits)
  return {
    useUTC: true, // the times are the plant's wall clock
    animation: false,
    textStyle: { fontFamily: ink.font, color: ink.text },
    grid: { left: 8, right: 40, top: 28, bottom: 8, containLabel: true },
    tooltip: {
      trigger: 'axis',
      backgroundColor: ink.panel,
      borderColor: ink.grid,
      textStyle: { color: ink.text, fontSize: 14 },
      axisPointer: { type: 'line', lineStyle: { color: ink.text2 } },
      formatter: (hit) => {
        const item = items[(Array.isArray(hit) ? hit[0] : hit)?.dataIndex ?? -1]
        return item ? tooltip(item, trend, words, figure) : ''
      },
    },
    xAxis: {
      type: 'time',
      axisLine: { lineStyle: { color: ink.text2 } },
      axisLabel: {
        color: ink.text2,
        fontSize: 12,
        hideOverlap: true,
        formatter: { year: '{yyyy}', month: '{yyyy}-{MM}', day: '{MM}-{dd}', hour: '{HH}:{mm}', minute: '{HH}:{mm}', second: '{HH}:{mm}:{ss}' },
      },
    },
    yAxis: {
      type: 'value',
      name: trend.unit,
      nameTextStyle: { color: ink.text2, fontSize: 12 },
      min: low,
      max: high,
      axisLabel: { color: ink.text2, fontSize: 12, showMinLabel: false, showMaxLabel: false, formatter: (value: number) => figure(value) },
      splitLine: { lineStyle: { color: ink.grid } },
    },
    series: [
      { ...band, id: 'low', data: column((s) => s.min) },
      {
        ...band,
        id: 'band',
        data: column((s) => (s.max ?? 0) - (s.min ?? 0)),
        areaStyle: { color: ink.band, opacity: 0.35 },
      },
      {
        id: 'avg',
        type: 'line',
        connectNulls: false,
        data: column((s) => s.avg),
        lineStyle: { color: ink.line, width: 1.5 },
        itemStyle: { color: ink.line },
        symbol: 'circle',
        showAllSymbol: true,
        symbolSize: (_: unknown, params: { dataIndex: number }) => (alone.has(params.dataIndex) ? 5 : 0),
        markLine: {
          silent: true,
          symbol: 'none',
          animation: false,
          lineStyle: { color: ink.text2, type: 'dashed', width: 1 },
          label: { position: 'end', color: ink.text, fontSize: 12, fontWeight: 600, formatter: '{b}' },
          data: limits.map((limit) => ({ name: limit.letter, yAxis: limit.value })),
        },
      },
    ],
  }
}

/** Built of nodes, not of HTML text: unit and words are what somebody typed. */
function tooltip(item: TrendStep, trend: Trend, words: Words, figure: ChartInput['figure']): HTMLElement {
  const box = document.createElement('div')
  const add = (text: string, bold = false): void => {
    const line = document.createElement('div')
    line.textContent = text
    if (bold) line.style.fontWeight = '600'
    box.append(line)
  }
  const start = new Date(item.start)
  const date = plantDate(start, trend.timezone)
  if (trend.step === 'month') add(date.slice(0, 7), true)
  else if (trend.step === 'day') add(date, true)
  else add(`${date} ${plantTime(start, trend.timezone)}`, true)
  if (isGap(item)) add(words.gap)
  else {
    for (const key of ['max', 'avg', 'min', 'last'] as const) add(`${words[key]} ${figure(item[key])} ${trend.unit}`)
    if (item.count === 0) add(words.still)
  }
  if (item.count > 0 || isGap(item)) add(`${words.count} ${item.count}`)
  if (item.bad > 0) add(`${words.bad} ${item.bad}`)
  return box
}
