import type { components } from '@twin/api'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { i18n, language } from '../../i18n'
import { usePlant } from '../../stores/plant'
import { useScreen } from '../../stores/screen'
import { useSession } from '../../stores/session'
import type { Moment, Track } from './tracks'

type FenceEvent = components['schemas']['FenceEventOut']
type Alarm = components['schemas']['AlarmOut']
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

  /** Fence events of those who are shown, and the alarms of that time. */
  async function happened(shown: readonly Track[]): Promise<Moment[]> {
    const { t } = i18n.global
    const period = { from: query.value.from, to: query.value.to }
    const own = new Set(shown.map((s) => s.id))
    const [events, alarms] = await Promise.all([
      own.size === 1
        ? session.api.request<FenceEvent[]>('/api/fences/events', { query: { ...period, subject: [...own][0], limit: MOST } })
        : session.api.request<FenceEvent[]>('/api/fences/events', { query: { ...period, limit: 10_000 } }),
      session.api.request<{ items: Alarm[] }>('/api/alarms', { query: { ...period, limit: MOST } }),
    ])
    const out: Moment[] = []
    for (const e of events) {
      if (!e.subject_id || !own.has(e.subject_id) || e.initial) continue
      const kind = e.kind === 'enter' || e.kind === 'leave' || e.kind === 'clear' ? e.kind : 'rule'
      const what = kind === 'rule' || kind === 'clear' ? ` · ${t(`people.rule.${e.rule}`)}` : ''
      out.push({ id: e.id, at: Date.parse(e.at), kind, text: `${e.subject_name} ${t(`people.event.${kind}`)} ${e.fence_name}${what}` })
    }
    for (const a of alarms.items) {
      const when = Date.parse(a.at ?? '')
      const grade = a.grade as 1 | 2 | 3 | 4
      if (Number.isFinite(when)) out.push({ id: a.id, at: when, kind: 'alarm', grade, text: (language() === 'en' && a.title_en) || a.title })
    }
    return out.sort((a, b) => a.at - b.at).slice(-MOST)
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
