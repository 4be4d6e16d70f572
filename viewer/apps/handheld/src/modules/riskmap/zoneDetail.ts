import { pathOf, type Schema } from '@twin/api'
import { LiveStore } from '@twin/live'
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { language } from '../../i18n'
import { online } from '../../offline'
import { useSession } from '../../session'
import { usePlant } from '../../stores/plant'

export type ZoneDetail = Schema<'ZoneOut'>

export interface Detail {
  zone: ShallowRef<ZoneDetail | undefined>
  /** when a kept answer was fetched, ms since 1970; undefined for a fresh one */
  kept: Ref<number | undefined>
  loading: Ref<boolean>
  /** the server's words; empty when it said nothing because it was not reached */
  fault: Ref<string | undefined>
  reload: () => Promise<void>
}

/** Everything about a zone, read again whenever the engine says something about it; without a network what was kept. */
export function useZoneDetail(code: () => string): Detail {
  const [session, plant] = [useSession(), usePlant()]
  const zone = shallowRef<ZoneDetail>()
  const kept = ref<number>()
  const loading = ref(false)
  const fault = ref<string>()
  let asked = 0

  async function reload(): Promise<void> {
    const wanted = code()
    const turn = ++asked
    loading.value = true
    try {
      // not by the client of the API: the age of a kept answer stands in its head
      const response = await fetch(pathOf('/api/zones/{code}', { code: wanted }), {
        headers: { Accept: 'application/json', 'Accept-Language': language() },
        credentials: 'same-origin',
      })
      const body = (await response.json()) as ZoneDetail & { message?: string }
      if (turn !== asked) return
      if (response.status === 401) session.me = null
      if (!response.ok) fault.value = body.message ?? String(response.status)
      else {
        const stamp = response.headers.get('x-kept')
        zone.value = body
        kept.value = stamp ? Date.parse(stamp) : undefined
        fault.value = undefined
      }
    } catch {
      if (turn !== asked) return
      if (zone.value) kept.value ??= Date.now() // it was fresh until now
      else fault.value = ''
    } finally {
      if (turn === asked) loading.value = false
    }
  }

  watch(code, () => {
    zone.value = kept.value = fault.value = undefined
    void reload()
  }, { immediate: true }) // prettier-ignore
  watch([language, online], () => void reload())
  const store = new LiveStore<{ id: string }>()
  const ends = [
    store.listen(({ set, reset }) => !reset && set.has(code()) && void reload()),
    plant.subscribe('risk', (change) => store.apply(change)),
  ]
  watch(() => plant.connection.status, (now) => now === 'live' && void reload()) // prettier-ignore
  onScopeDispose(() => {
    asked += 1
    for (const end of ends) end()
  })
  return { zone, kept, loading, fault, reload }
}
