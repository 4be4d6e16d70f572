import { pathOf, type Schema } from '@twin/api'
import { riskOf } from '@twin/scene'
import { isRiskLevel, type RiskLevel } from '@twin/ui'
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { usePlant } from '../../stores/plant'
import { useScreen } from '../../stores/screen'
import { useSession } from '../../stores/session'
import type { Change } from './changes'

export const SPEEDS = [1, 10, 60] as const
export const REACH = 30 * 86_400_000
/** How often the picture moves on while it plays, ms. */
const STEP = 500
/** Layers that only know the present: shown in the past they would lie. */
const ONLY_NOW = new Set(['people', 'vehicles', 'heat', 'device', 'geofence'])

/** The time machine: the second that the whole screen shows instead of now. */
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
  const changes = shallowRef<readonly Change[]>([])
  let before: ReadonlySet<string> | undefined
  let timer: ReturnType<typeof setInterval> | undefined
  let asking = false

  const now = (): number => Math.floor((Date.now() + plant.connection.clockOffset) / 1000) * 1000

  /** One question at a time; what was wanted meanwhile is asked next, the rest is skipped. */
  async function show(): Promise<void> {
    if (asking) return
    asking = true
    try {
      while (on.value && shown.value !== at.value) {
        const wanted = at.value
        const answer = await session.api.request<Schema<'LevelsAt'>>(pathOf('/api/risk/at', {}), {
          query: { at: new Date(wanted).toISOString() },
        })
        if (!on.value) return
        const levels = Object.entries(answer.levels).filter((e): e is [string, RiskLevel] => isRiskLevel(e[1]))
        plant.setPast(new Map(levels))
        shown.value = wanted
        fault.value = ''
      }
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error)
      pause()
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
    before = screen.visible
    screen.visible = new Set([...before].filter((layer) => !ONLY_NOW.has(layer)))
    plant.setPast(new Map(plant.zones.map((zone) => [zone.properties.code, riskOf(zone)])))
    void show()
    const query = { from: new Date(from.value).toISOString(), to: new Date(to.value).toISOString(), limit: 5000 }
    changes.value = await session.api.request<Change[]>(pathOf('/api/risk/changes', {}), { query }).catch(() => [])
  }

  function close(): void {
    if (!on.value) return
    on.value = false
    pause()
    plant.setPast(undefined)
    if (before) screen.visible = before
    fault.value = ''
  }

  function seek(ms: number): void {
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

  return { on, at, from, to, shown, playing, speed, fault, changes, open, close, seek, play, pause, setSpeed }
})

/** `?at=2026-11-24T06:05:00Z` opens the screen at that second, so that a moment can be sent to a colleague. */
export function openFromAddress(): void {
  const at = Date.parse(new URLSearchParams(location.search).get('at') ?? '')
  if (!Number.isNaN(at)) void useMachine().open(at)
}
