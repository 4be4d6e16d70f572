import { computed, ref, shallowRef, type ComputedRef, type Ref } from 'vue'

export interface History<T> {
  present: Ref<T>
  canUndo: ComputedRef<boolean>
  canRedo: ComputedRef<boolean>
  push: (value: T) => void
  undo: () => void
  redo: () => void
  reset: (value: T) => void
}

/** Steps back and forth over whole states; `limit` of them are kept. States are never changed in place. */
export function useHistory<T>(start: T, limit = 200): History<T> {
  const states: T[] = [start]
  const at = ref(0)
  const length = ref(1)
  const present = shallowRef(start) as Ref<T>

  function push(value: T): void {
    states.splice(at.value + 1)
    states.push(value)
    if (states.length > limit) states.shift()
    at.value = states.length - 1
    length.value = states.length
    present.value = value
  }
  function go(step: -1 | 1): void {
    const next = at.value + step
    const state = states[next]
    if (next < 0 || next >= states.length || state === undefined) return
    at.value = next
    present.value = state
  }
  function reset(value: T): void {
    states.splice(0, states.length, value)
    at.value = 0
    length.value = 1
    present.value = value
  }
  return {
    present,
    canUndo: computed(() => at.value > 0),
    canRedo: computed(() => at.value < length.value - 1),
    push,
    undo: () => go(-1),
    redo: () => go(1),
    reset,
  }
}
