import { cellsIn, SiteFrame, volumeOf, type MeasureResult, type PlantView } from '@twin/scene'
import { watch } from 'vue'
import { useScreen } from './stores/screen'
import { useSession } from './stores/session'
import { useSurveys } from './stores/surveys'

/** Keeps the tools of the 3D model in step with the stores. Returns how to end it. */
export function conductModel(view: PlantView): (() => void)[] {
  const [screen, surveys] = [useScreen(), useSurveys()]
  const { tools } = view
  const stops = [
    watch(
      () => screen.exploded,
      (on) => view.live.explode(on),
      { immediate: true },
    ),
  ]
  if (!tools) return stops
  return [
    ...stops,
    watch(
      () => screen.section,
      (plane) => tools.section(plane),
      { immediate: true },
    ),
    watch(
      () => screen.underground,
      (on) => tools.underground(on),
      { immediate: true },
    ),
    watch(
      () => surveys.choice,
      (choice) => tools.survey(choice),
    ),
  ]
}

/** The volume inside a measured outline: the model's heights come from the server, the base is the plane through the outline. */
export async function measureVolume(result: MeasureResult): Promise<MeasureResult | undefined> {
  const [first] = result.outline ?? []
  const tileset = first && useSurveys().over(first[0], first[1])
  if (!first || !tileset || !result.outline) return undefined
  const frame = new SiteFrame(...first)
  const outline = result.outline.map((p) => frame.toLocal(...p))
  const { cells } = cellsIn(outline.map(([x, y]): [number, number] => [x, y]))
  const points = cells.map(([x, y]) => frame.toLonLat([x, y, 0]).slice(0, 2))
  const path = `/tiles3d/${tileset.site}/${tileset.tileset}/heights`
  const { heights } = await useSession().api.request<{ heights: (number | null)[] }>(path, {
    method: 'POST',
    body: { points },
  })
  const local = heights.map((h) => (h === null ? null : h - first[2]))
  const { above, below } = volumeOf(outline, cells, local)
  return { ...result, value: above, below }
}
