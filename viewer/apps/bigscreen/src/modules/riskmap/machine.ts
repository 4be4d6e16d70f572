import { ApiError, pathOf, type Schema } from '@twin/api'
import { riskOf } from '@twin/scene'
import { isRiskLevel, type RiskLevel } from '@twin/ui'
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import { usePlant } from '../../stores/plant'
import { useScreen } from '../../stores/screen'
import { useSession } from '../../stores/session'
import { namedFirst, type Then } from '../../stores/then'
import { usePeople } from '../people/store'
import type { Change, Line } from './changes'

export const SPEEDS = [1, 10, 60] as const
export const REACH = 30 * 86_400_000
/** Pieces of the line of thirty days. */
const PARTS = 300
/** How often the picture moves on while it plays, ms. */
const STEP = 500
/** Layers that only know the present: shown in the past they would lie. */
const ONLY_NOW = new Set(['geofence'])
/** Points that are asked about by name, at most, of a day that lies in files. */
const NAMED = 200

export type Part = 'people' | 'points' | 'somePoints' | 'alarms'

/** The time machine: the second that the whole screen shows instead of now. The present stays until it is read: nothing is drawn in between. */
export const useMachine = defineStore('risk-machine', () => {
  const [session, plant, screen] = [useSession(), usePlant(), useScreen()]
  const on = ref(false)
  const at = ref(0)
  const from = ref(0)
  const to = ref(0)
  /** the second that the map shows; `at` runs ahead of it while the server is asked */
  const shown = ref<number>()
  const playing = ref(false)
  const speed = ref<number>(10)
  const fault = ref('')
  /** what of the shown second could not be read */
  const missing = ref<readonly Part[]>([])
  const line = shallowRef<Line>()
  /** there was no change any more in the direction that was asked for */
  const last = ref<-1 | 1>()
  let before: ReadonlySet<string> | undefined
  let timer: ReturnType<typeof setInterval> | undefined
  let asking = false

  const now = (): number => Math.floor((Date.now() + plant.connection.clockOffset) / 1000) * 1000

  const ask = <T>(path: string, at: number): Promise<T> => session.api.request<T>(path, { query: { at: new Date(at).toISOString() } })

  /** All points at once, or the most important by name where the day lies in files. */
  async function points(at: number, gaps: Part[]): Promise<Then['points']> {
    const path = pathOf('/api/points/at', {})
    try {
      return (await ask<Schema<'PointsThen'>>(path, at)).items
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'points_unnamed') throw error
      const devices = plant.layer('device')
      const named = namedFirst(devices.values(), NAMED)
      if (named.length < devices.size) gaps.push('somePoints')
      if (named.length === 0) return []
      return (await ask<Schema<'PointsThen'>>(`${path}?${named.map((id) => `id=${id}`).join('&')}`, at)).items
    }
  }

  /** People, points and alarms of a second; what cannot be read is left out and named. */
  async function rest(at: number): Promise<[Then, Part[]]> {
    const gaps: Part[] = []
    const part = async <T>(name: Part, read: Promise<T>): Promise<T | undefined> => read.catch(() => void gaps.push(name))
    const [positions, values, alarms] = await Promise.all([
      part('people', ask<Schema<'PositionsThen'>>(pathOf('/api/positions/at', {}), at).then((a) => a.items)),
      part('points', points(at, gaps)),
      part('alarms', ask<Schema<'AlarmsAt'>>(pathOf('/api/alarms/at', {}), at).then((a) => a.items)),
    ])
    return [{ at, positions, points: values, alarms }, gaps]
  }

  /** One question at a time; what was wanted meanwhile is asked next, the rest is skipped. */
  async function show(): Promise<void> {
    if (asking) return
    asking = true
    try {
      while (on.value && shown.value !== at.value) {
        const wanted = at.value
        const [answer, [then, gaps]] = await Promise.all([ask<Schema<'LevelsAt'>>(pathOf('/api/risk/at', {}), wanted), rest(wanted)])
        if (!on.value) return
        if (!before) {
          before = screen.visible
          if ([...ONLY_NOW].some((layer) => screen.visible.has(layer)))
            screen.visible = new Set([...before].filter((layer) => !ONLY_NOW.has(layer)))
        }
        const levels = Object.entries(answer.levels).filter((e): e is [string, RiskLevel] => isRiskLevel(e[1]))
        plant.setPast(new Map(levels), then)
        missing.value = gaps
        shown.value = wanted
        fault.value = ''
      }
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error)
      pause()
      // nothing of the past can be shown, and the present would pass for it
      if (on.value && !plant.past) plant.setPast(new Map(plant.zones.map((zone) => [zone.properties.code, riskOf(zone)])))
    } finally {
      asking = false
    }
  }

  async function open(start?: number): Promise<void> {
    if (on.value) return
    on.value = true
    to.value = now()
    from.value = to.value - REACH
    at.value = Math.max(from.value, Math.min(to.value, start ?? to.value - 3_600_000))
    shown.value = undefined
    last.value = undefined
    await show() // first the second that was asked for, then what may wait
    const query = { from: new Date(from.value).toISOString(), to: new Date(to.value).toISOString(), parts: PARTS }
    line.value = await session.api.request<Line>(pathOf('/api/risk/timeline', {}), { query }).catch(() => undefined)
  }

  /** To the next change of colour after the shown second, or the last one before it. */
  async function step(direction: -1 | 1): Promise<void> {
    pause()
    const [low, high] = direction === 1 ? [at.value, to.value] : [from.value, at.value - 2]
    const query = { from: new Date(low).toISOString(), to: new Date(high).toISOString(), recoloured: true, oldest: direction === 1, limit: 1 }
    try {
      const [found] = low < high ? await session.api.request<Change[]>(pathOf('/api/risk/changes', {}), { query }) : []
      if (found) seek(Date.parse(found.at) + 1) // the server counts finer than this clock: by then it holds
      last.value = found ? undefined : direction
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error)
    }
  }

  function close(): void {
    if (!on.value) return
    on.value = false
    pause()
    plant.setPast(undefined)
    if (before) screen.visible = before
    before = undefined
    fault.value = ''
    missing.value = []
  }

  function seek(ms: number): void {
    last.value = undefined
    at.value = Math.max(from.value, Math.min(to.value, ms))
    void show()
  }

  function play(): void {
    if (playing.value) return
    playing.value = true
    timer = setInterval(() => {
      if (at.value >= to.value) pause()
      else seek(at.value + Math.max(1000, STEP * speed.value))
    }, speed.value === 1 ? 1000 : STEP) // prettier-ignore
  }

  function pause(): void {
    playing.value = false
    clearInterval(timer)
  }

  function setSpeed(times: number): void {
    const running = playing.value
    pause()
    speed.value = times
    if (running) play()
  }

  // a call for help is now: nobody looks at the past meanwhile
  const people = usePeople()
  watch(() => people.sos, (sos) => sos && close())

  return { on, at, from, to, shown, playing, speed, fault, missing, line, last, now, open, close, seek, step, play, pause, setSpeed }
})

/** `?at=2026-11-24T06:05:00Z` opens the screen at that second, so that a moment can be sent to a colleague. */
export function openFromAddress(): void {
  const at = Date.parse(new URLSearchParams(location.search).get('at') ?? '')
  if (!Number.isNaN(at)) void useMachine().open(at)
}
