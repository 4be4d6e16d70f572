import { ApiError } from '@twin/api'
import { connectLive, hubAddress, LiveStore, type ConnectionState, type Live } from '@twin/live'
import { onBeforeUnmount, ref, shallowRef } from 'vue'
import { useSession } from '../../session'
import { merge, queryOf, type Alarm } from './types'

/** In a flood the list is read again this long after the last reading has come, ms: a slow server is not asked more often. */
const AGAIN = 1000

/** A filtered list of alarms, page after page, kept current: open ones by the hub, membership by reading the first page again. */
export function useDesk(filter: () => Record<string, string>) {
  const session = useSession()
  const rows = shallowRef<readonly Alarm[]>([])
  const next = ref<string | null>(null)
  const loading = ref(false)
  const fault = ref('')
  const counts = shallowRef<{ open: number; active: number; unacknowledged: number; owed: number; by_grade: Record<string, number> }>()
  const connection = shallowRef<ConnectionState>()
  const store = new LiveStore<Alarm>()
  let live: Live | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let asked = 0
  let stale = false

  async function read(more = false): Promise<void> {
    const mine = ++asked
    loading.value = true
    stale = false
    try {
      const before = more ? (next.value ?? undefined) : undefined
      const limit = more ? 50 : Math.min(500, Math.max(50, rows.value.length))
      const [page, sums] = await Promise.all([
        session.api.request<{ items: Alarm[]; next: string | null }>(`/api/alarms?${queryOf(filter(), before, limit)}`),
        session.api.request<NonNullable<typeof counts.value>>('/api/alarms/counts'),
      ])
      if (mine !== asked) return
      rows.value = more ? [...rows.value, ...page.items] : page.items
      next.value = page.next
      counts.value = sums
      fault.value = ''
    } catch (error) {
      if (mine === asked) fault.value = error instanceof ApiError || error instanceof Error ? error.message : String(error)
    } finally {
      if (mine === asked) {
        loading.value = false
        if (stale) again()
      }
    }
  }

  function again(): void {
    stale = true
    if (loading.value) return // asked for once that has come
    timer ??= setTimeout(() => {
      timer = undefined
      void read()
    }, AGAIN)
  }

  /** Another filter: from the start. */
  function restart(): Promise<void> {
    rows.value = []
    return read()
  }

  function follow(): void {
    const url = session.config?.hub
    if (live || !url) return
    live = connectLive({ url: hubAddress(url) }, (state) => (connection.value = state))
    store.listen(({ set }) => {
      // in a flood most changes are of alarms on other pages: nothing to draw
      if (rows.value.some((row) => set.has(row.id))) rows.value = merge(rows.value, set)
      again()
    })
    live.subscribe({ topic: 'alarms', mode: 'batch' }, (change) => {
      if (change.kind === 'refused') fault.value = change.message
      else store.apply(change)
    })
  }

  onBeforeUnmount(() => {
    asked += 1 // what still comes is for nobody
    clearTimeout(timer)
    live?.stop()
  })
  return { rows, next, loading, fault, counts, connection, read, restart, follow }
}
