import { LiveStore, type StoreChange } from '@twin/live'
import type { TrackLine } from '@twin/scene'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { stage } from '../../stage'
import { usePlant } from '../../stores/plant'
import { useScreen } from '../../stores/screen'
import { fixesThen } from '../../stores/then'
import { countAll, countByArea, layerOf, type Fix } from './fixes'

/** What the stream `fences` says of one fence now. */
export interface FenceNow {
  id: string
  code?: string
  name?: string
  count: number
  stale: number
  vehicles: number
  limit?: number | null
  active: boolean
  /** rules that are broken */
  alarms: string[]
}

/** What is needed here of an open alarm (stream `alarms`). */
export interface OpenAlarm {
  id: string
  type: string
  grade: 1 | 2 | 3 | 4
  status: string
  at: string
  title: string
  title_en?: string
  subject_layer: string | null
  subject_id: string | null
  subject_name: string
  zone_code: string | null
  lon: number | null
  lat: number | null
  h: number | null
}

const UNSEEN = new Set(['unacknowledged', 'returned_unacknowledged'])

/** Live people, vehicles, fences and calls for help. */
export const usePeople = defineStore('people', () => {
  const plant = usePlant()
  const screen = useScreen()
  const store = new LiveStore<Fix>()
  const live = shallowRef<ReadonlyMap<string, Fix>>(new Map())
  /** those of the second that the screen shows: never a mixture of now and then */
  const fixes = computed(() => (plant.past ? fixesThen(plant.then) : live.value))
  const fences = shallowRef<ReadonlyMap<string, FenceNow>>(new Map())
  const calls = shallowRef<readonly OpenAlarm[]>([])
  const known = ref(false)
  const refused = ref('')
  /** id of the zone that stands out */
  const area = ref<string>()
  const track = shallowRef<readonly TrackLine[]>()
  /** the call for help whose card is open */
  const sos = shallowRef<OpenAlarm>()
  const listeners = new Set<(change: StoreChange<Fix>) => void>()
  let started = false

  const counts = computed(() => countAll(fixes.value.values()))
  const areas = computed(() =>
    countByArea(
      fixes.value.values(),
      plant.zones.map(({ properties: p }) => ({
        code: p.code,
        kind: String(p['kind'] ?? ''),
        parent: String(p['parent_code'] ?? ''),
      })),
    ),
  )

  function start(): void {
    if (started) return
    started = true
    store.listen((change) => {
      known.value = true
      live.value = new Map(store.items)
      for (const listener of listeners) listener(change)
    })
    plant.subscribe(
      'positions',
      (change) => {
        if (change.kind === 'refused') refused.value = change.message
        else store.apply(change)
      },
      'latest',
    )
    const fenceStore = new LiveStore<FenceNow>()
    fenceStore.listen(() => (fences.value = new Map(fenceStore.items)))
    plant.subscribe('fences', (change) => change.kind !== 'refused' && fenceStore.apply(change), 'latest')
    const alarms = new LiveStore<OpenAlarm>()
    alarms.listen(() => heard([...alarms.items.values()].filter((a) => a.type === 'sos')))
    plant.subscribe('alarms', (change) => change.kind !== 'refused' && alarms.apply(change))
  }

  /** A call for help that nobody has taken opens by itself, once; the newest first. */
  const opened = new Set<string>()
  function heard(now: OpenAlarm[]): void {
    calls.value = now.sort((a, b) => (a.at < b.at ? 1 : -1))
    if (sos.value) sos.value = now.find((a) => a.id === sos.value?.id)
    const fresh = calls.value.find((a) => UNSEEN.has(a.status) && !opened.has(a.id))
    for (const alarm of now) opened.add(alarm.id)
    if (fresh) openCall(fresh)
  }

  function openCall(alarm: OpenAlarm): void {
    sos.value = alarm
    const fix = alarm.subject_id ? store.items.get(alarm.subject_id) : undefined
    if (fix) choose(fix)
    else {
      screen.selected = undefined
      if (alarm.lon !== null && alarm.lat !== null)
        stage.value?.flyTo({ lon: alarm.lon, lat: alarm.lat - 0.0012, height: (alarm.h ?? 0) + 110, heading: 0, pitch: -40 })
    }
  }

  function choose(fix: Fix): void {
    const ref = { layer: layerOf(fix), id: fix.id }
    screen.show(ref.layer)
    screen.selected = ref
    stage.value?.flyTo(ref)
  }

  function listen(listener: (change: StoreChange<Fix>) => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return { fixes, fences, calls, sos, known, refused, counts, areas, area, track, start, listen, choose, openCall }
})
