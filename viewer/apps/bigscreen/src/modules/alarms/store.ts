import { ApiError } from '@twin/api'
import { LiveStore } from '@twin/live'
import { AlarmNews, compareAlarms } from '@twin/ui'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { usePlant } from '../../stores/plant'
import { useSession } from '../../stores/session'
import { sumsOf, type Alarm } from './list'

/** Changes are shown together, at most this often: in a flood thousands come within seconds. ms */
const BATCH = 300

/** The open alarms of the plant, kept current by the hub. */
export const useAlarms = defineStore('alarms', () => {
  const [session, plant] = [useSession(), usePlant()]
  const store = new LiveStore<Alarm>()
  const list = shallowRef<readonly Alarm[]>([])
  const known = ref(false)
  const refused = ref('')
  const fault = ref('')
  const listeners = new Set<(fresh: readonly Alarm[]) => void>()
  const news = new AlarmNews()
  let timer: ReturnType<typeof setTimeout> | undefined
  let started = false

  function show(): void {
    timer = undefined
    // what was there when the screen came up, or came while it was cut off, is shown but told by its number only
    const fresh = news.of(store.items)
    list.value = [...store.items.values()].sort(compareAlarms)
    known.value = true
    if (fresh.length > 0) for (const tell of listeners) tell(fresh)
  }

  function start(): void {
    if (started) return
    started = true
    store.listen(({ reset }) => {
      if (reset && !known.value) show()
      else timer ??= setTimeout(show, BATCH)
    })
    plant.subscribe('alarms', (change) => {
      if (change.kind === 'refused') refused.value = change.message
      else store.apply(change)
    })
  }

  /** New alarms that nobody has seen, the gravest first; called once for each batch. */
  function onFresh(tell: (fresh: readonly Alarm[]) => void): () => void {
    listeners.add(tell)
    return () => listeners.delete(tell)
  }

  async function acknowledge(ids: readonly string[]): Promise<void> {
    fault.value = ''
    try {
      for (let i = 0; i < ids.length; i += 500)
        await session.api.request('/api/alarms/acknowledge', { method: 'POST', body: { ids: ids.slice(i, i + 500) } })
    } catch (error) {
      fault.value = error instanceof ApiError ? error.message : String(error)
    }
  }

  const sums = computed(() => sumsOf(list.value))
  /** what panel and marks show: the alarms of the second on the screen; lamp and sound keep to those of now */
  const shown = computed(() => (plant.past ? [...(plant.then?.alarms ?? [])].sort(compareAlarms) : list.value))
  const shownSums = computed(() => (plant.past ? sumsOf(shown.value) : sums.value))
  const may = computed(() => !plant.past && (session.me?.scopes.includes('alarm:acknowledge') ?? false))
  const of = (layer: string, id: string): readonly Alarm[] =>
    list.value.filter((a) => a.subject_id === id && a.subject_layer === layer)

  return { list, shown, shownSums, known, refused, fault, sums, may, start, onFresh, acknowledge, of }
})
