import type { PlantView } from '@twin/scene'
import { watch } from 'vue'
import { usePlant } from '../../stores/plant'
import { useScreen } from '../../stores/screen'
import { current, layerOf, moverOf, STYLE, type Fix } from './fixes'
import { fenceBadge } from './fences'
import { usePeople } from './store'

const LAYERS = ['people', 'vehicles'] as const

/** Keeps the model in step with the live streams. */
export function stagePeople(view: PlantView): () => void {
  const [people, plant, screen] = [usePeople(), usePlant(), useScreen()]
  people.start()

  const only = (layer: string, fixes: ReadonlyMap<string, Fix>) =>
    new Map([...fixes].filter(([, f]) => layerOf(f) === layer).map(([id, f]) => [id, moverOf(f)]))
  const putAll = (): void => {
    for (const layer of LAYERS) view.live.setMovers(layer, only(layer, people.fixes), STYLE[layer])
  }
  // What is drawn moves on by its own clock: the shown time may run backwards, and a past place is no way to a live one.
  let [drawn, wasPast] = [0, false]
  const putThen = (): void => {
    const past = plant.past !== undefined
    if (past !== wasPast) for (const layer of LAYERS) view.live.setMovers(layer, new Map(), STYLE[layer])
    wasPast = past
    if (!past) return putAll()
    drawn += 1
    const movers = (layer: string) => new Map([...only(layer, people.fixes)].map(([id, m]) => [id, { ...m, t: drawn }]))
    for (const layer of LAYERS) view.live.setMovers(layer, movers(layer), STYLE[layer])
  }

  let marked = new Set<string>()
  const marks = (): void => {
    const now = new Set<string>()
    for (const call of people.calls) {
      if (!call.subject_id || plant.past) continue
      now.add(call.subject_id)
      if (!marked.has(call.subject_id)) view.live.pulse({ layer: 'people', id: call.subject_id }, 1)
    }
    for (const id of marked) if (!now.has(id)) view.live.mark({ layer: 'people', id }, undefined)
    marked = now
  }

  const heat = (): void => {
    const points = [...people.fixes.values()].filter((f) => f.kind === 'person' && current(f))
    view.live.setHeat(screen.visible.has('heat') ? points.map(({ lon, lat }) => ({ lon, lat })) : undefined)
  }

  const fences = (): void => {
    const shown = plant.layer('geofence')
    view.live.setBadges(
      'geofence',
      new Map([...people.fences].map(([id, now]) => [id, fenceBadge(now, shown.get(id)?.properties['grade'])])),
    )
  }

  const ends = [
    people.listen(({ set, gone, reset }) => {
      if (plant.past) return
      if (reset) putAll()
      else for (const layer of LAYERS) view.live.changeMovers(layer, only(layer, set), gone)
    }),
    watch([() => plant.past !== undefined, () => plant.then], putThen, { immediate: true }),
    watch([() => people.calls, () => plant.past !== undefined], marks, { immediate: true }),
    watch([() => people.fixes, () => screen.visible], () => screen.visible.has('heat') && heat()),
    watch(() => screen.visible.has('heat'), heat, { immediate: true }),
    watch([() => people.fences, () => plant.layer('geofence')], fences, { immediate: true }),
    watch(() => people.area, (id) => view.live.dimOutside(id), { immediate: true }), // prettier-ignore
    watch(() => people.track, (lines) => view.live.setTrack(lines), { immediate: true }), // prettier-ignore
    // whoever is named by an address can be followed once the first positions are here
    watch([() => screen.followed, () => people.known], ([ref, known]) => known && view.live.follow(ref), { immediate: true }), // prettier-ignore
  ]
  return () => ends.forEach((end) => end())
}
