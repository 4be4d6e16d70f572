import type { FeatureRef } from '@twin/scene'
import { homeView } from './conductor'
import { stage } from './stage'
import { usePlant } from './stores/plant'
import { useScreen } from './stores/screen'

/** Chooses a thing, shows its layer and flies to it. */
export function goTo(ref: FeatureRef): void {
  const screen = useScreen()
  if (ref.layer === 'floor') {
    screen.floor = ref.id
    screen.selected = undefined
  } else {
    screen.show(ref.layer)
    screen.selected = ref
  }
  stage.value?.flyTo(ref)
}

export function goHome(): void {
  const screen = useScreen()
  screen.selected = undefined
  screen.floor = undefined
  stage.value?.flyTo(homeView())
}

/** Opens the floors of a building (of the chosen one, or of the first that has any), or closes them. */
export function openFloors(buildingCode?: string): void {
  const [screen, plant] = [useScreen(), usePlant()]
  if (screen.floor !== undefined && buildingCode === undefined) {
    screen.floor = undefined
    return
  }
  const chosen = screen.selected?.layer === 'building' ? plant.get(screen.selected)?.properties.code : undefined
  const floors = [...plant.layer('floor').values()].sort(
    (a, b) => Number(a.properties['level']) - Number(b.properties['level']),
  )
  const code = buildingCode ?? chosen
  const first = floors.find((f) => f.properties['building_code'] === code) ?? (buildingCode ? undefined : floors[0])
  if (first) goTo({ layer: 'floor', id: first.id })
}
