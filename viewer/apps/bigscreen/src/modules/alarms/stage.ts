import type { Badge, PlantView } from '@twin/scene'
import { LiveStore } from '@twin/live'
import { watch } from 'vue'
import { usePlant, type PointValue } from '../../stores/plant'
import { valuesThen } from '../../stores/then'
import { badgeOf, marksOf, type AlarmMark } from './list'
import { useSiren } from './siren'
import { useAlarms } from './store'

/** So many marks of one batch draw the eye; in a flood the rest are just there. */
const PULSES = 20
/** Values beside points change no faster, ms. */
const REFRESH = 1000

/** Keeps the model in step: marks where alarms stand, values beside the points. */
export function stageAlarms(view: PlantView): () => void {
  const [alarms, plant] = [useAlarms(), usePlant()]
  const quiet = useSiren().start()
  let shown = new Map<string, AlarmMark>()
  const first = { marks: true }

  function marks(): void {
    const now = marksOf(alarms.shown)
    let left = first.marks || plant.past ? 0 : PULSES
    for (const [key, { layer, id, grade }] of now) {
      const before = shown.get(key)?.grade
      if (before === grade) continue
      // worse than before: look here
      if ((before === undefined || grade < before) && left-- > 0) view.live.pulse({ layer, id }, grade)
      else view.live.mark({ layer, id }, grade)
    }
    for (const [key, { layer, id }] of shown) if (!now.has(key)) view.live.mark({ layer, id }, undefined)
    shown = now
    if (alarms.known) first.marks = false
    later()
  }

  const values = new LiveStore<PointValue>()
  let timer: ReturnType<typeof setTimeout> | undefined
  function badges(): void {
    clearTimeout(timer)
    timer = undefined
    const devices = plant.layer('device')
    const out = new Map<string, Badge>()
    for (const value of plant.past ? valuesThen(plant.then) : values.items.values()) {
      const unit = devices.get(value.id)?.properties['unit_text']
      out.set(value.id, badgeOf(value, typeof unit === 'string' ? unit : '', shown.get(`device/${value.id}`)?.grade))
    }
    view.live.setBadges('device', out)
  }
  function later(): void {
    timer ??= setTimeout(badges, REFRESH)
  }
  values.listen(later)

  const stops = [
    quiet,
    plant.subscribe('values', (change) => change.kind !== 'refused' && values.apply(change), 'latest'),
    plant.listen(({ layer }) => layer === 'device' && later()),
    watch(() => alarms.shown, marks, { immediate: true }),
    // a past second is shown whole at once; what is live changes too often for that
    watch([() => plant.past !== undefined, () => plant.then], badges),
  ]
  return () => {
    clearTimeout(timer)
    for (const stop of stops) stop()
  }
}
