import { pathOf, type Schema } from '@twin/api'
import { isRiskLevel, plantTime, type RadarAxis } from '@twin/ui'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { useSession } from '../../stores/session'
import { lineOf } from './line'

/** The index as it was computed last; the panel keeps it current, the card shows what it is made of. */
export const useIndex = defineStore('index', () => {
  const session = useSession()
  const now = shallowRef<Schema<'IndexNow'>>()
  const radar = shallowRef<Schema<'IndexRadar'>>()
  const month = shallowRef<Schema<'IndexForecast'>>()
  const fault = ref('')
  const card = ref(false)
  const aspect = ref<string>()

  async function load(): Promise<void> {
    try {
      const [index, compared, days] = await Promise.all([
        session.api.request<Schema<'IndexNow'>>(pathOf('/api/index', {})),
        session.api.request<Schema<'IndexRadar'>>(pathOf('/api/index/radar', {})),
        session.api.request<Schema<'IndexForecast'>>(pathOf('/api/index/forecast', {}), { query: { days: 30, ahead: 1 } }),
      ])
      ;[now.value, radar.value, month.value, fault.value] = [index, compared, days, '']
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error)
    }
  }
  const level = computed(() => (isRiskLevel(now.value?.level) ? now.value.level : undefined))
  const at = computed(() => (now.value ? plantTime(new Date(now.value.at), session.timezone) : ''))
  const scored = computed(() => (now.value?.aspects ?? []).filter((a) => a.score !== null))
  const missing = computed(() => (now.value?.aspects ?? []).filter((a) => a.score === null))
  const axes = computed<RadarAxis[]>(() =>
    (now.value?.aspects ?? []).map((a) => ({ key: a.key, title: a.title, now: a.score ?? undefined, then: radar.value?.then[a.key] })),
  )
  const line = computed(() => lineOf(month.value?.past.map((d) => d.value) ?? [], 100, 24))
  return { now, radar, month, fault, card, aspect, load, level, at, scored, missing, axes, line }
})

export const figure = (value: number, digits = 1): string => String(Number(value.toFixed(digits)))
