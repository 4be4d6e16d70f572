import type { Feature } from '@twin/api'
import { nameIn, plantDate, plantTime } from '@twin/ui'
import { computed, onMounted, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'
import { useSession } from '../../session'

/** What the pages of dual prevention share: filters in the address, zones by name, plant time, what went wrong. */
export function usePage(name: string, keys: readonly string[]) {
  const { t, locale } = useI18n()
  const session = useSession()
  const route = useRoute()
  const router = useRouter()
  const zones = shallowRef<readonly Feature[]>([])
  const fault = ref('')
  const timezone = computed(() => session.config?.site?.timezone ?? 'Asia/Shanghai')
  const filters = computed(() =>
    Object.fromEntries(keys.map((key) => [key, typeof route.query[key] === 'string' ? route.query[key] : ''])),
  )
  const id = computed(() => (typeof route.params['id'] === 'string' ? route.params['id'] : ''))
  const when = (at: string | null | undefined): string =>
    at ? `${plantDate(new Date(at), timezone.value)} ${plantTime(new Date(at), timezone.value).slice(0, 5)}` : '—'
  const zoneName = (code: string | null | undefined): string => {
    const zone = zones.value.find((z) => z.properties.code === code)
    return zone ? nameIn(locale.value, zone.properties) : (code ?? '—')
  }
  const set = (change: Record<string, string>): void =>
    void router.replace({ name, params: route.params, query: Object.fromEntries(Object.entries({ ...route.query, ...change }).filter(([, v]) => v)) })
  const to = (row: string) => ({ name, params: { id: row }, query: route.query })
  const valueOf = (event: Event): string => (event.target as HTMLSelectElement).value

  /** Runs what talks to the server and says what went wrong. */
  async function ask<T>(work: () => Promise<T>): Promise<T | undefined> {
    fault.value = ''
    try {
      return await work()
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error)
      return undefined
    }
  }
  onMounted(async () => {
    zones.value = (await ask(() => session.api.items('zone'))) ?? []
  })
  return { t, locale, session, router, zones, fault, timezone, filters, id, when, zoneName, set, to, valueOf, ask }
}
