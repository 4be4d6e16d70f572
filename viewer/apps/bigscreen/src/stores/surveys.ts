import type { Tileset } from '@twin/api'
import type { SurveyChoice } from '@twin/scene'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { surveysOf } from '../tilesets'

/** The site's 3D models: which survey of each place is shown, and which two are compared. */
export const useSurveys = defineStore('surveys', () => {
  const groups = shallowRef<Tileset[][]>([])
  /** version address shown per group */
  const shown = shallowRef<string[]>([])
  /** group and address on the right of the swipe */
  const compared = shallowRef<{ group: number; url: string }>()
  /** place of the swipe, share of the width */
  const at = ref(0.5)

  function set(tilesets: readonly Tileset[]): void {
    groups.value = surveysOf(tilesets)
    shown.value = groups.value.flatMap((group) => (group[0] ? [group[0].url] : []))
    compared.value = undefined
  }

  function show(group: number, url: string): void {
    shown.value = shown.value.map((was, i) => (i === group ? url : was))
    if (compared.value?.group === group && compared.value.url === url) compared.value = undefined
  }

  function compare(group: number, url: string | undefined): void {
    compared.value = url === undefined ? undefined : { group, url }
    at.value = 0.5
  }

  const choice = computed<SurveyChoice>(() => {
    const other = compared.value
    const instead = other && shown.value[other.group]
    return {
      tilesets: shown.value,
      other: other && instead ? { tileset: other.url, instead, at: at.value } : undefined,
    }
  })

  const all = computed(() => groups.value.flat())
  /** the model that a place is measured on: the first whose bounds hold it */
  function over(lon: number, lat: number): Tileset | undefined {
    return shown.value
      .map((url) => all.value.find((t) => t.url === url))
      .find((t) => t && lon >= t.bounds[0] && lat >= t.bounds[1] && lon <= t.bounds[2] && lat <= t.bounds[3])
  }

  return { groups, shown, compared, at, choice, all, set, show, compare, over }
})
