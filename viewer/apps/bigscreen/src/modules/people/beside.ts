import type { FeatureRef } from '@twin/scene'
import { onBeforeUnmount, ref, watch, type Ref } from 'vue'
import { onFrame, stage } from '../../stage'
import { useScreen } from '../../stores/screen'

/** Keeps a card beside the thing that it is about while thing and camera move. */
export function useBeside(box: Ref<HTMLElement | undefined>, of: () => FeatureRef | undefined): Ref<{ x: number; y: number }> {
  const screen = useScreen()
  const place = ref({ x: 0, y: 0 })
  function settle(): void {
    const card = box.value
    if (!card) return
    const about = of()
    const at = about && stage.value?.screenOf(about)
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize)
    const dock = screen.panels ? 16.25 * rem : rem * 0.75
    const { offsetWidth: w, offsetHeight: h } = card
    const right = innerWidth - dock - w
    const [top, bottom] = [4 * rem, Math.max(4 * rem, innerHeight - 4.75 * rem - h)]
    const anchor = at ?? { x: innerWidth / 2, y: innerHeight / 2 }
    const gap = 1.5 * rem
    const x = anchor.x + gap <= right ? anchor.x + gap : anchor.x - gap - w
    const next = {
      x: Math.round(Math.max(dock, Math.min(right, x))),
      y: Math.round(Math.max(top, Math.min(bottom, anchor.y - h / 3))),
    }
    if (next.x !== place.value.x || next.y !== place.value.y) place.value = next
  }
  onBeforeUnmount(onFrame(settle))
  watch([box, of], settle, { flush: 'post' })
  return place
}
