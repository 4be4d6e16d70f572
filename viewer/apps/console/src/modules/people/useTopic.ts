import { connectLive, hubAddress, LiveStore, type Live } from '@twin/live'
import { onBeforeUnmount, ref, shallowRef } from 'vue'
import { useSession } from '../../session'

/** The eye follows no faster. */
const REFRESH = 1000

/** The things of one topic of the hub, told at most once a second while the page is open. */
export function useTopic<T>(topic: string) {
  const session = useSession()
  const items = shallowRef<ReadonlyMap<string, T>>(new Map())
  const known = ref(false)
  const lost = ref(false)
  const store = new LiveStore<T>()
  let live: Live | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const show = (): void => {
    timer = undefined
    items.value = new Map(store.items)
    known.value = true
  }
  store.listen(({ reset }) => {
    if (reset) show()
    else timer ??= setTimeout(show, REFRESH)
  })
  const url = session.config?.hub
  if (url) {
    live = connectLive({ url: hubAddress(url) }, (state) => (lost.value = state.status === 'lost' || state.status === 'denied'))
    live.subscribe({ topic, mode: 'latest' }, (change) => store.apply(change))
  }
  onBeforeUnmount(() => {
    clearTimeout(timer)
    live?.stop()
  })
  return { items, known, lost }
}
