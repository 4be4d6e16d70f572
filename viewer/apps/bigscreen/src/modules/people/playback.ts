import { pathOf, type components } from '@twin/api'
import type { Track } from '@twin/ui'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { usePlant } from '../../stores/plant'
import { useScreen } from '../../stores/screen'
import { useSession } from '../../stores/session'

export type Moment = components['schemas']['MomentOut']
export interface Subject {
  id: string
  name: string
}

/** Moving at most this often, ms: a picture costs more than a place. */
const FRAME = 100
/** Things on the line at most; the rest is counted. */
const MOST = 400

/** Where somebody was: what is asked for, what came, and the instant that is shown. */
export const usePlayback = defineStore('playback', () => {
  const [session, plant, screen] = [useSession(), usePlant(), useScreen()]
  const on = ref(false)
  const subjects = shallowRef<readonly Subject[]>([])
  const zone = ref('')
  const from = ref(0)
  const to = ref(0)
  const at = ref(0)
  const speed = ref<number>(8)
  const playing = ref(false)
  const loading = ref(false)
  const fault = ref('')
  const tracks = shallowRef<readonly Track[]>()
  const moments = shallowRef<readonly Moment[]>([])
  let before: ReadonlySet<string> | undefined
  let timer: ReturnType<typeof setInterval> | undefined
  let asked = 0

  const plantNow = (): number => Date.now() + plant.connection.clockOffset
  const query = computed(() => ({
    from: new Date(from.value).toISOString(),
    to: new Date(to.value).toISOString(),
    subjects: subjects.value.map((s) => s.id).join(','),
    ...(zone.value ? { zone: zone.value } : {}),
  }))

  function open(): void {
    if (on.value) return
    on.value = true
    to.value = Math.floor(plantNow() / 1000) * 1000
    from.value = to.value - 3_600_000
    at.value = from.value
    before = screen.visible
    screen.selected = undefined
    screen.visible = new Set([...before, 'playback'].filter((l) => l !== 'people' && l !== 'vehicles' && l !== 'heat'))
  }

  function close(): void {
    pause()
    asked += 1
    on.value = false
    if (before) screen.visible = before
    subjects.value = []
    zone.value = ''
    clear()
  }

  function clear(): void {
    tracks.value = undefined
    moments.value = []
    fault.value = ''
  }

  async function add(id: string, name: string): Promise<void> {
    if (!subjects.value.some((s) => s.id === id)) subjects.value = [...subjects.value, { id, name }]
    await load()
  }

  function drop(id: string): void {
    subjects.value = subjects.value.filter((s) => s.id !== id)
    if (subjects.value.length > 0 || zone.value) void load()
    else clear()
  }

  async function load(): Promise<void> {
    pause()
    clear()
    if (subjects.value.length === 0 && !zone.value) return
    const mine = (asked += 1)
    loading.value = true
    try {
      const answer = await session.api.request<{ items: Track[] }>('/api/tracks', { query: query.value })
      const found = await happened(answer.items)
      if (mine !== asked) return
      tracks.value = answer.items
      moments.value = found
      const first = Math.min(...answer.items.flatMap((t) => (t.points[0] ? [t.points[0][0] * 1000] : [])))
      at.value = Number.isFinite(first) ? Math.max(from.value, first) : from.value
    } catch (error) {
      if (mine === asked) fault.value = error instanceof Error ? error.message : String(error)
    } finally {
      if (mine === asked) loading.value = false
    }
  }

  /** Passages through fences of those who are shown, and the alarms of that time. */
  function happened(shown: readonly Track[]): Promise<Moment[]> {
    const { from: since, to: until } = query.value
    const subjects = shown.map((s) => s.id).join(',')
    return session.api.request<Moment[]>(pathOf('/api/tracks/moments', {}), { query: { from: since, to: until, subjects, limit: MOST } })
  }

  function play(): void {
    if (playing.value || !tracks.value) return
    if (at.value >= to.value) at.value = from.value
    playing.value = true
    let last = performance.now()
    timer = setInterval(() => {
      const now = performance.now()
      at.value = Math.min(to.value, at.value + (now - last) * speed.value)
      last = now
      if (at.value >= to.value) pause()
    }, FRAME)
  }

  function pause(): void {
    clearInterval(timer)
    playing.value = false
  }

  return { on, subjects, zone, from, to, at, speed, playing, loading, fault, tracks, moments, query, open, close, add, drop, load, play, pause }
})
