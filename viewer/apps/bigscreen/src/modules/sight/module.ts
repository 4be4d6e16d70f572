import { defineModule } from '..'
import CameraSees from './CameraSees.vue'
import SeenBy from './SeenBy.vue'

const SEEN = ['zone', 'device', 'tank', 'unit', 'building', 'warehouse', 'gate', 'assembly_point', 'anchor', 'geofence']

/** What cameras see, computed on the mesh by the server. */
export default defineModule({
  key: 'sight',
  cards: [
    { layer: 'camera', order: 40, component: CameraSees },
    ...SEEN.map((layer) => ({ layer, order: 80, component: SeenBy })),
  ],
})
