import type { Feature } from '@twin/api'
import { nameIn, plantDate, plantTime } from '@twin/ui'
import { computed, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { useSession } from '../../session'

/** Names of zones and floors by code, and plant time. */
export function useNames(layers: readonly string[] = ['zone']) {
  const session = useSession()
  const { locale } = useI18n()
  const features = shallowRef<ReadonlyMap<string, readonly Feature[]>>(new Map())
  const timezone = computed(() => session.config?.site?.timezone ?? 'Asia/Shanghai')

  async function load(): Promise<void> {
    const found = await Promise.all(layers.map(async (l) => [l, await session.api.items(l)] as const))
    features.value = new Map(found)
  }
  const of = (layer: string): readonly Feature[] => features.value.get(layer) ?? []
  const names = computed(() => new Map(layers.flatMap((l) => of(l).map((f) => [`${l}:${f.properties.code}`, nameIn(locale.value, f.properties)] as const))))
  const zone = (code: string | null | undefined): string => (code ? (names.value.get(`zone:${code}`) ?? code) : '')
  const floor = (code: string | null | undefined): string => (code ? (names.value.get(`floor:${code}`) ?? code) : '')
  const time = (at: string | number | null | undefined): string => {
    if (at === null || at === undefined) return '—'
    const date = new Date(at)
    return plantTime(date, timezone.value)
  }
  const stamp = (at: string | number | null | undefined): string => (at === null || at === undefined ? '—' : `${plantDate(new Date(at), timezone.value)} ${time(at)}`)
  return { load, of, zone, floor, time, stamp, timezone }
}
