import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'

export const DAYS = [1, 7, 30, 90, 365] as const

/** The span that is looked at, in the address: so many days up to now. */
export function useSpan(standard: (typeof DAYS)[number]) {
  const [route, router] = [useRoute(), useRouter()]
  const days = computed(() => DAYS.find((d) => String(d) === route.query['days']) ?? standard)
  const choose = (n: number): void => void router.replace({ query: { ...route.query, days: String(n) } })
  const query = (): { from: string; to: string } => {
    const to = new Date()
    return { from: new Date(to.getTime() - days.value * 86_400_000).toISOString(), to: to.toISOString() }
  }
  return { days, choose, query }
}
