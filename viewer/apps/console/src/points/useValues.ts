import { LiveStore, type Live } from '@twin/live'
import { onBeforeUnmount, ref, shallowRef } from 'vue'
import type { PointValue, Values } from './list'

/** The eye follows no faster; the hub brings up to two values a second of each point. */
const REFRESH = 1000

/** The live values of the points that are on the screen, told at most once a second; of the others the hub sends nothing. */
export function useValues(hub: () => Live | undefined) {
  const values = shallowRef<Values>(new Map())
  const refused = ref('')
  let followed = ''
  let stop: (() => void) | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  function end(): void {
    stop?.()
    stop = undefined
    clearTimeout(timer)
    timer = undefined
  }

  function follow(ids: readonly string[]): void {
    if (followed === ids.join()) return
    followed = ids.join()
    end()
    values.value = new Map()
    if (ids.length === 0) return
    const store = new LiveStore<PointValue>()
    const show = (): void => {
      timer = undefined
      values.value = new Map(store.items)
    }
    store.listen(({ reset }) => {
      if (reset) show()
      else timer ??= setTimeout(show, REFRESH)
    })
    stop = hub()?.subscribe({ topic: 'values', mode: 'latest', where: { id: [...ids] } }, (change) => {
      if (change.kind === 'refused') refused.value = change.message
      else store.apply(change)
    })
  }

  onBeforeUnmount(end)
  return { values, refused, follow }
}
