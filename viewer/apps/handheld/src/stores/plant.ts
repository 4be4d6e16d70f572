import type { Feature, Notification } from '@twin/api'
import { connectLive, hubAddress, LiveStore, type Change, type ConnectionState, type Live } from '@twin/live'
import { nameIn } from '@twin/ui'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'
import { language } from '../i18n'
import { useSession } from '../session'

/** What the handheld keeps whole: the zones in their live colours and the places one walks to. */
export const LAYERS = ['zone', 'building', 'gate', 'assembly_point'] as const
export type LayerKey = (typeof LAYERS)[number]

/** The plant as this device knows it: listed once, kept current by the hub, the last known state without a network. */
export const usePlant = defineStore('plant', () => {
  const session = useSession()
  const maps = new Map(LAYERS.map((key) => [key as string, shallowRef<ReadonlyMap<string, Feature>>(new Map())]))
  const connection = ref<ConnectionState>({
    status: 'connecting',
    lastData: undefined,
    lostAt: undefined,
    attempts: 0,
    clockOffset: 0,
    skipped: 0,
  })
  /** when the shown zones were known to be right, ms since 1970; undefined while nothing is known */
  const asOf = ref<number>()
  const unread = ref(0)
  const inboxListeners = new Set<(item: Notification) => void>()
  let live: Live | undefined

  const timezone = computed(() => session.config?.site?.timezone ?? 'Asia/Shanghai')
  const stale = computed(() => connection.value.status !== 'live')
  const layer = (key: string): ReadonlyMap<string, Feature> => maps.get(key)?.value ?? new Map()
  const zones = computed(() => [...layer('zone').values()])

  function put(key: string, items: ReadonlyMap<string, Feature>): void {
    const slot = maps.get(key)
    if (!slot) return
    slot.value = items
    triggerRef(slot)
  }

  async function list(key: string, store: LiveStore<Feature>): Promise<void> {
    try {
      const url = `/ogc/collections/${key}/items?limit=1000`
      const response = await fetch(url, { headers: { Accept: 'application/json' }, credentials: 'same-origin' })
      if (!response.ok) return
      const page = (await response.json()) as { features: Feature[] }
      if (store.seq !== undefined) return // what the hub has brought meanwhile is newer
      put(key, new Map(page.features.map((f) => [f.id, f])))
      const kept = response.headers.get('x-kept')
      if (key === 'zone') asOf.value = kept ? Date.parse(kept) : Date.now()
    } catch {
      if (store.seq === undefined) setTimeout(() => void list(key, store), 5000)
    }
  }

  function start(): void {
    if (live || !session.config) return
    live = connectLive({ url: hubAddress(session.config.hub) }, (state) => {
      connection.value = state
      if (state.status === 'live' && state.lastData !== undefined) asOf.value = Date.now()
    })
    for (const key of LAYERS) {
      const store = new LiveStore<Feature>()
      store.listen(() => put(key, store.items))
      live.subscribe({ topic: `layer.${key}`, mode: 'batch' }, (change) => store.apply(change))
      void list(key, store)
    }
    const inbox = new LiveStore<Notification>()
    let first = true
    inbox.listen(({ set, reset }) => {
      unread.value = [...inbox.items.values()].filter((n) => !n.read_at).length
      if (!reset && !first) for (const item of set.values()) if (!item.read_at) for (const tell of inboxListeners) tell(item)
      first = false
    })
    live.subscribe({ topic: 'inbox', mode: 'batch' }, (change) => inbox.apply(change))
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && live?.nudge())
    addEventListener('online', () => live?.nudge())
  }

  /** Any topic of the hub, until the returned function is called. */
  function subscribe(topic: string, sink: (change: Change) => void, mode: 'batch' | 'latest' = 'batch'): () => void {
    return live?.subscribe({ topic, mode }, sink) ?? (() => undefined)
  }

  function onNotification(tell: (item: Notification) => void): () => void {
    inboxListeners.add(tell)
    return () => inboxListeners.delete(tell)
  }

  const find = (key: string, code: string): Feature | undefined =>
    [...layer(key).values()].find((f) => f.properties.code === code)
  const name = (feature: Feature | undefined): string => (feature ? nameIn(language(), feature.properties) : '')

  return { layer, zones, connection, stale, asOf, unread, timezone, start, subscribe, onNotification, find, name, nudge: () => live?.nudge() }
})
