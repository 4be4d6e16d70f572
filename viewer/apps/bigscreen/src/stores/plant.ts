import type { Feature } from '@twin/api'
import { connectLive, hubAddress, LiveStore, type Change, type ConnectionState, type Live } from '@twin/live'
import { riskOf, type FeatureRef } from '@twin/scene'
import { nameIn, type RiskLevel } from '@twin/ui'
import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef, triggerRef } from 'vue'
import { language } from '../i18n'
import { LAYERS } from '../layers'
import { useSession } from './session'
import type { Then } from './then'

export interface LayerChange {
  layer: string
  reset: boolean
  set: ReadonlyMap<string, Feature>
  gone: ReadonlySet<string>
}

/** What a measuring point says now: its value in the device's unit, quality, and source time in seconds since 1970 (UTC). */
export interface PointValue {
  id: string
  v: number | null
  q: 'good' | 'uncertain' | 'bad'
  ts: number | null
}

/** So long the hub has to bring a layer before it is asked for as a list, ms: of 10,000 points the same twice is 10 MB more. */
const GRACE = 2500

/** The features of every layer, brought and kept current by the hub; what it does not bring in time is listed by the server. */
export const usePlant = defineStore('plant', () => {
  const session = useSession()
  const maps = new Map(LAYERS.map((l) => [l.key, shallowRef<ReadonlyMap<string, Feature>>(new Map())]))
  const loaded = reactive(new Set<string>())
  const refused = reactive(new Set<string>())
  const connection = ref<ConnectionState>({
    status: 'connecting',
    lastData: undefined,
    lostAt: undefined,
    attempts: 0,
    clockOffset: 0,
    skipped: 0,
  })
  const listeners = new Set<(change: LayerChange) => void>()
  /** levels of the zones, by code, at the past time that the whole screen shows; undefined: now */
  const past = shallowRef<ReadonlyMap<string, RiskLevel>>()
  /** people, points and alarms of that time, once they are read */
  const then = shallowRef<Then>()
  let zonesNow: ReadonlyMap<string, Feature> = new Map()
  let live: Live | undefined

  function listen(listener: (change: LayerChange) => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  function layer(key: string): ReadonlyMap<string, Feature> {
    return maps.get(key)?.value ?? new Map()
  }

  /** A zone of which nothing is written down at that time keeps its static level. */
  function inPast(zone: Feature): Feature {
    if (!past.value) return zone
    const risk = past.value.get(zone.properties.code) ?? zone.properties['static_risk'] ?? 4
    return { ...zone, properties: { ...zone.properties, risk } }
  }

  /** Shows the zones as they were; what arrives meanwhile waits until `undefined` brings the present back. */
  function setPast(levels: ReadonlyMap<string, RiskLevel> | undefined, rest?: Then): void {
    past.value = levels
    then.value = levels && rest
    if (!loaded.has('zone')) return
    const shown = layer('zone')
    const differs = ([id, zone]: [string, Feature]): boolean => {
      const before = shown.get(id)
      return !before || riskOf(before) !== riskOf(inPast(zone))
    }
    put({ layer: 'zone', reset: false, set: new Map([...zonesNow].filter(differs)), gone: new Set() }, zonesNow)
  }

  function put(change: LayerChange, items: ReadonlyMap<string, Feature>): void {
    const slot = maps.get(change.layer)
    if (!slot) return
    if (change.layer === 'zone') {
      zonesNow = items
      if (past.value) {
        const shown = (map: ReadonlyMap<string, Feature>) => new Map([...map].map(([id, zone]) => [id, inPast(zone)]))
        items = shown(items)
        change = { ...change, set: shown(change.set) }
      }
    }
    slot.value = items
    triggerRef(slot)
    loaded.add(change.layer)
    for (const listener of listeners) listener(change)
  }

  /** Lists a layer. What the hub has brought meanwhile is newer and stays. */
  async function fetchLayer(key: string, store: LiveStore<Feature>): Promise<void> {
    if (store.seq !== undefined) return
    try {
      const features = await session.api.items(key)
      refused.delete(key)
      if (store.seq !== undefined) return
      const items = new Map(features.map((f) => [f.id, f]))
      put({ layer: key, reset: true, set: items, gone: new Set() }, items)
    } catch (error) {
      const status = (error as { status?: number }).status
      if (status === 403 || status === 404) refused.add(key)
      else if (status !== 401) setTimeout(() => void fetchLayer(key, store), 3000)
    }
  }

  function start(): void {
    if (live || !session.config) return
    live = connectLive({ url: hubAddress(session.config.hub) }, (state) => {
      const before = connection.value.status
      connection.value = state
      if (state.status === 'denied' && before !== 'denied') void session.check()
    })
    const notLive = new Map<string, LiveStore<Feature>>()
    for (const { key } of LAYERS) {
      const store = new LiveStore<Feature>()
      store.listen(({ set, gone, reset }) => put({ layer: key, set, gone, reset }, store.items))
      live.subscribe({ topic: `layer.${key}`, mode: 'batch' }, (change) => {
        if (change.kind !== 'refused') store.apply(change)
        else if (!notLive.has(key)) {
          notLive.set(key, store)
          void fetchLayer(key, store)
        }
      })
      setTimeout(() => void fetchLayer(key, store), GRACE)
    }
    // what the hub does not carry is listed again now and then
    setInterval(() => notLive.forEach((store, key) => void fetchLayer(key, store)), 60_000)
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && live?.nudge())
    window.addEventListener('online', () => live?.nudge())
  }

  /** The live value of a measuring point, told now and at each change until the returned function is called. */
  function watchValue(device: string, tell: (value: PointValue | undefined) => void): () => void {
    const store = new LiveStore<PointValue>()
    store.listen(() => tell(store.items.get(device)))
    const stop = live?.subscribe({ topic: 'values', mode: 'latest', where: { id: [device] } }, (change) =>
      store.apply(change),
    )
    return stop ?? (() => undefined)
  }

  /** Any topic of the hub, until the returned function is called. */
  function subscribe(topic: string, sink: (change: Change) => void, mode: 'batch' | 'latest' = 'batch'): () => void {
    return live?.subscribe({ topic, mode }, sink) ?? (() => undefined)
  }

  /** After a new sign-in. */
  function reconnect(): void {
    live?.nudge()
  }

  /** Ids by code, layer by layer: a zone that changes its colour does not have ten thousand points indexed again. */
  const byCode = new Map(
    [...maps].map(([key, map]) => [
      key,
      computed(() => new Map([...map.value.values()].map((f) => [f.properties.code, f.id]))),
    ]),
  )

  const zones = computed(() =>
    [...layer('zone').values()].sort((a, b) => (a.properties.code < b.properties.code ? -1 : 1)),
  )
  const counts = computed(() => {
    const out: Record<RiskLevel, number> = { 1: 0, 2: 0, 3: 0, 4: 0 }
    for (const zone of zones.value) out[riskOf(zone)] += 1
    return out
  })

  function get(of: FeatureRef | undefined): Feature | undefined {
    return of && layer(of.layer).get(of.id)
  }

  function find(key: string, code: string): FeatureRef | undefined {
    const id = byCode.get(key)?.value.get(code)
    return id === undefined ? undefined : { layer: key, id }
  }

  function name(feature: Feature | undefined): string {
    return feature ? nameIn(language(), feature.properties) : ''
  }

  return {
    layer,
    loaded,
    past,
    then,
    setPast,
    refused,
    connection,
    listen,
    start,
    reconnect,
    watchValue,
    subscribe,
    zones,
    counts,
    get,
    find,
    name,
  }
})
