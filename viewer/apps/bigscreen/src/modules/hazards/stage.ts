import type { Mover, MoverStyle, PlantView } from '@twin/scene'
import { watch } from 'vue'
import { useHazards } from './store'
import { signOf } from './list'

const STYLE: MoverStyle = { shape: 'square', size: 26, far: 3000, labelFar: 250, lift: 6 }

/** Signs of the open hazards; overdue ones carry a steady mark. */
export function stageHazards(view: PlantView): () => void {
  const hazards = useHazards()
  hazards.start()
  let marked = new Set<string>()
  return watch(
    () => hazards.items,
    (items) => {
      const signs = items.map(signOf).filter((s): s is Mover => s !== undefined)
      view.live.setMovers('hazard', new Map(signs.map((s) => [s.id, s])), STYLE)
      const now = new Set(hazards.overdue.map((h) => h.id))
      for (const id of now) if (!marked.has(id)) view.live.mark({ layer: 'hazard', id }, 2)
      for (const id of marked) if (!now.has(id)) view.live.mark({ layer: 'hazard', id }, undefined)
      marked = now
    },
    { immediate: true },
  )
}
