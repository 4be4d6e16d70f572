import type { Feature } from '@twin/api'
import { connectLive, hubAddress, LiveStore, type ConnectionState, type Live } from '@twin/live'
import { onBeforeUnmount, reactive, shallowReactive, shallowRef } from 'vue'
import { useSession } from '../session'

/** Features per layer: loaded over HTTP, then kept current by the hub, so two editors see each other's work. */
export function useFeatures() {
  const session = useSession()
  const byLayer = shallowReactive(new Map<string, readonly Feature[]>())
  const loading = reactive(new Set<string>())
  const faults = reactive(new Map<string, string>())
  const connection = shallowRef<ConnectionState | null>(null)
  const stops = new Map<string, () => void>()
  let live: Live | undefined

  function hub(): Live | undefined {
    const url = session.config?.hub
    if (!live && url) live = connectLive({ url: hubAddress(url) }, (state) => (connection.value = state))
    return live
  }

  async function load(layer: string): Promise<void> {
    if (byLayer.has(layer) || loading.has(layer)) return
    loading.add(layer)
    faults.delete(layer)
    try {
      byLayer.set(layer, await session.api.items(layer))
      follow(layer)
    } catch (error) {
      faults.set(layer, error instanceof Error ? error.message : String(error))
    } finally {
      loading.delete(layer)
    }
  }

  function follow(layer: string): void {
    if (stops.has(layer)) return
    const store = new LiveStore<Feature>()
    store.listen(() => byLayer.set(layer, [...store.items.values()]))
    const stop = hub()?.subscribe({ topic: `layer.${layer}`, mode: 'batch' }, (change) => store.apply(change))
    if (stop) stops.set(layer, stop)
  }

  /** What the server answered to our own change, before the hub says it to everyone. */
  function put(layer: string, feature: Feature): void {
    const others = (byLayer.get(layer) ?? []).filter((f) => f.id !== feature.id)
    byLayer.set(layer, [...others, feature])
  }

  function drop(layer: string, id: string): void {
    byLayer.set(layer, (byLayer.get(layer) ?? []).filter((f) => f.id !== id)) // prettier-ignore
  }

  onBeforeUnmount(() => live?.stop())
  return { byLayer, loading, faults, connection, hub, load, put, drop }
}
