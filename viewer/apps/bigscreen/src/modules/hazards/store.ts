import type { Feature } from '@twin/api'
import { LiveStore } from '@twin/live'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { usePlant } from '../../stores/plant'
import { compareHazards, isOpen } from './list'

/** The hazards that are not closed, kept current by the hub. */
export const useHazards = defineStore('hazards', () => {
  const plant = usePlant()
  const items = shallowRef<readonly Feature[]>([])
  const known = ref(false)
  const refused = ref('')
  const store = new LiveStore<Feature>()
  let started = false

  function start(): void {
    if (started) return
    started = true
    store.listen(() => {
      items.value = [...store.items.values()].filter(isOpen).sort(compareHazards)
      known.value = true
    })
    plant.subscribe('layer.hazard', (change) => {
      if (change.kind === 'refused') refused.value = change.message
      else store.apply(change)
    })
  }
  const overdue = computed(() => items.value.filter((h) => h.properties['overdue'] === true))
  const major = computed(() => items.value.filter((h) => h.properties['level'] === 1))
  return { items, known, refused, overdue, major, start }
})
