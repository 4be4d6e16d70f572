import { pathOf } from '@twin/api'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { sceneOf, type Layout } from '../layout'
import { stage } from '../stage'
import { usePlant } from './plant'
import { useScreen } from './screen'
import { useSession } from './session'

/** The layout is asked for again this often, ms: an edit reaches the walls without anybody walking there. */
const AGAIN = 10_000
/** The carousel waits until nobody has touched the screen for this long, ms. */
const UNTOUCHED = 30_000

/** Which panels stand where on this screen, and the views that it shows in turn while nobody uses it. */
export const useLayout = defineStore('layout', () => {
  const [session, plant, screen] = [useSession(), usePlant(), useScreen()]
  const scene = sceneOf(location.search)
  const layout = shallowRef<Layout>()
  const panels = computed(() => layout.value?.panels ?? [])
  const turning = ref(false)
  let touched = 0
  let shown = -1
  let turned = 0

  async function read(): Promise<void> {
    const found = await session.api.request<Layout>(pathOf('/api/screens/{scene}', { scene })).catch(() => undefined)
    if (found && found.version !== layout.value?.version) layout.value = found
  }

  /** One step of the carousel, each second. */
  function turn(): void {
    const { seconds, views } = layout.value?.carousel ?? { seconds: 0, views: [] }
    const known = (session.config?.views ?? []).filter((view) => views?.includes(view.key))
    const busy = screen.selected !== undefined || screen.measureMode !== undefined || plant.past !== undefined
    turning.value = !!seconds && known.length > 0 && !busy && Date.now() - touched >= UNTOUCHED
    if (!turning.value || !seconds || Date.now() - turned < seconds * 1000) return
    turned = Date.now()
    shown = (shown + 1) % known.length
    const view = known[shown]
    if (view) stage.value?.flyTo(view)
  }

  function start(): () => void {
    const touch = (): void => void (touched = Date.now())
    const events = ['pointerdown', 'wheel', 'keydown'] as const
    for (const event of events) addEventListener(event, touch, { passive: true })
    touch()
    void read()
    const timers = [setInterval(() => void read(), AGAIN), setInterval(turn, 1000)]
    return () => {
      timers.forEach(clearInterval)
      for (const event of events) removeEventListener(event, touch)
    }
  }

  return { scene, layout, panels, turning, start }
})
