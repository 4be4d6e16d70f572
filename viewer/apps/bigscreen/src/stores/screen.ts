import type { FeatureRef, MeasureMode, MeasureResult, SectionPlane } from '@twin/scene'
import type { RiskLevel } from '@twin/ui'
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { START_LAYERS } from '../layers'

/** On a screen no wider than this the panels would cover the plant: they wait until they are asked for, px. */
export const NARROW = 700

/** What is shown, chosen and open on this screen. */
export const useScreen = defineStore('screen', () => {
  const visible = shallowRef<ReadonlySet<string>>(START_LAYERS)
  const selected = shallowRef<FeatureRef>()
  /** the camera keeps to it until the user takes it */
  const followed = shallowRef<FeatureRef>()
  /** under the pointer */
  const hovered = shallowRef<FeatureRef>()
  const floor = ref<string>()
  const measureMode = ref<MeasureMode>()
  const measured = shallowRef<MeasureResult>()
  const section = shallowRef<SectionPlane>()
  const underground = ref(false)
  const exploded = ref(false)
  const panels = ref(innerWidth > NARROW)
  const level = ref<RiskLevel>()
  const heading = ref(0)
  const pixelsPerMetre = ref(1)
  const kind = ref<'3d' | '2d'>(new URLSearchParams(location.search).get('view') === '2d' ? '2d' : '3d')
  const fellBack = ref(false)
  const tiles = ref<{ loaded: boolean; pending: number }>({ loaded: false, pending: 0 })
  const ready = ref(false)
  const recovering = ref(false)
  const noTileset = ref(false)

  function toggle(layer: string): void {
    const next = new Set(visible.value)
    if (!next.delete(layer)) next.add(layer)
    visible.value = next
  }

  function show(layer: string): void {
    if (!visible.value.has(layer)) toggle(layer)
  }

  return {
    visible,
    selected,
    followed,
    hovered,
    floor,
    measureMode,
    measured,
    section,
    underground,
    exploded,
    panels,
    level,
    heading,
    pixelsPerMetre,
    kind,
    fellBack,
    tiles,
    ready,
    recovering,
    noTileset,
    toggle,
    show,
  }
})
