import type { Schema } from '@twin/api'
import type { Panel } from './modules'

export type Layout = Schema<'LayoutOut'>
export type Scene = Layout['scene']

/** Which room this screen hangs in: `?scene=gatehouse`. */
export function sceneOf(search: string): Scene {
  const scene = new URLSearchParams(search).get('scene')
  return scene === 'gatehouse' || scene === 'meeting' ? scene : 'control_room'
}

/** Panels as a layout places them: those that it names in its order, then the others where their modules put them. Between the sides they
 * move, the bottom keeps what is made for it. */
export function arrange(panels: readonly Panel[], placed: Layout['panels']): Panel[] {
  const at = new Map(placed.map((p, i) => [p.key, { ...p, i }]))
  return panels
    .flatMap((panel) => {
      const place = at.get(panel.key)
      if (place?.hidden) return []
      const side = !place || place.side === 'bottom' || panel.side === 'bottom' ? panel.side : place.side
      return [{ panel: { ...panel, side }, rank: place?.i ?? placed.length + panel.order }]
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ panel }) => panel)
}
