import { goTo } from '../../actions'
import { usePlant } from '../../stores/plant'
import type { Alarm } from './list'

/** Fly to the thing that an alarm is about, else to its zone. */
export function goToSubject({ subject_layer: layer, subject_id: id, zone_code: code }: Alarm): void {
  const plant = usePlant()
  if (layer && id && plant.get({ layer, id })) return goTo({ layer, id })
  const area = plant.find('zone', code ?? '')
  if (area) goTo(area)
}
