import { LiveStore, type Live } from '@twin/live'
import { onBeforeUnmount, ref, shallowRef } from 'vue'
import type { PointValue, Values } from './list'

/** The eye follows no faster; the hub brings up to two values a second of each point. */
const REFRESH = 1000

/** The live values of all measuring points, told at most once a second. */
export function useValues(hub: () => Live | undefined) {
  const values = shallowRef<Values>(new Map())
  /** the hub has told all that it knows */
  const known = ref(false)
  const refused = ref('')
  const store = new LiveStore<PointValue>()
  let stop: (() => void) | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  function show(): void {
    timer = undefined
    values.value = new Map(store.items)
  }

  store.listen(({ reset }) => {
    known.value = true
    if (reset) show()
    else timer ??= setTimeout(show, REFRESH)
  })

  function start(): void {
    stop ??= hub()?.subscribe({ topic: 'values', mode: 'latest' }, (change) => {
      if (change.kind === 'refused') refused.value = change.message
      else store.apply(change)
    })
  }

  onBeforeUnmount(() => {
    stop?.()
    clearTimeout(timer)
  })
  return { values, known, refused, start }
}
