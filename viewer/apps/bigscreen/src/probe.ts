import type { PlantScene, PlantView } from '@twin/scene'
import { riskOf } from '@twin/scene'
import { onFrame } from './stage'
import { usePlant } from './stores/plant'
import { useScreen } from './stores/screen'

/**
 * `window.__twin`: what an outside observer (a browser test, the bench) may ask of the running screen. It reads the state that
 * the picture is drawn from and changes nothing but what a user could.
 */
const recolouredAt: Record<string, number> = {}

/** Zones whose new colour a drawn frame shows now. */
export function recoloured(ids: string[]): void {
  const zones = usePlant().layer('zone')
  for (const id of ids) {
    const code = zones.get(id)?.properties.code
    if (code) recolouredAt[code] = Date.now()
  }
}

let frames = 0
onFrame(() => (frames += 1))

export function publish(view: PlantView): void {
  const [screen, plant] = [useScreen(), usePlant()]
  const zone = (code: string) => {
    const ref = plant.find('zone', code)
    const feature = plant.get(ref)
    if (!ref || !feature) return undefined
    return {
      id: ref.id,
      version: feature.properties.version,
      level: riskOf(feature),
      colour: view.zoneColour(ref.id),
      screen: view.screenOf(ref),
      recolouredAt: recolouredAt[code],
    }
  }
  Object.assign(window, {
    __twin: {
      get ready() {
        return view.stats().ready && plant.loaded.has('zone')
      },
      get tilesLoaded() {
        return view.stats().tilesLoaded
      },
      get kind() {
        return view.kind
      },
      get stats() {
        return view.stats()
      },
      get camera() {
        return view.camera()
      },
      get connection() {
        return { ...plant.connection }
      },
      get selected() {
        const feature = plant.get(screen.selected)
        return screen.selected && feature ? { layer: screen.selected.layer, code: feature.properties.code } : undefined
      },
      /** of the past second that the screen shows: when, and how much of it there is */
      get then() {
        const then = plant.then
        const of = (kind: string) => then?.positions?.filter((p) => p.kind === kind).length
        return then && { at: then.at, people: of('person'), vehicles: of('vehicle'), points: then.points?.length, alarms: then.alarms?.length }
      },
      get hovered() {
        return screen.hovered && plant.get(screen.hovered)?.properties.code
      },
      get frames() {
        return frames
      },
      get zones() {
        return plant.zones.length
      },
      recolouredAt,
      zone,
      screenOf: (layer: string, code: string) => {
        const ref = plant.find(layer, code)
        return ref && view.screenOf(ref)
      },
      flyTo: (layer: string, code: string) => {
        const ref = plant.find(layer, code)
        if (ref) view.flyTo(ref, { instant: true })
      },
      /** the view itself: what a module is given, so that tests can stand in for one */
      view,
      loseContext: () => view.kind === '3d' && (view as PlantScene).loseContext(),
    },
  })
}
