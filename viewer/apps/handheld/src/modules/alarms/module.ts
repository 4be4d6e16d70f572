import { defineModule } from '..'
import NearButton from './NearButton.vue'

/** Open alarms by their distance from me. */
export default defineModule({
  key: 'alarms',
  pages: [
    {
      name: 'near-alarms',
      path: 'alarms',
      component: () => import('./NearPage.vue'),
      tile: { order: 12, icon: 'device', to: '/alarms', scope: 'map:read' },
    },
  ],
  mapParts: [{ order: 20, component: NearButton, scope: 'map:read' }],
})
