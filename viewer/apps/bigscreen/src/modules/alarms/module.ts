import { defineModule } from '..'
import AlarmPanel from './AlarmPanel.vue'
import DeviceAlarms from './DeviceAlarms.vue'
import EscalatedBanner from './EscalatedBanner.vue'
import SensorsPanel from './SensorsPanel.vue'
import SoundControl from './SoundControl.vue'
import { stageAlarms } from './stage'

/** Open alarms, their sound and light, and the values of the measuring points on the model. */
export default defineModule({
  key: 'alarms',
  panels: [
    { key: 'alarms', side: 'right', order: 10, component: AlarmPanel, scope: 'map:read', past: true },
    { key: 'sensors', side: 'right', order: 30, component: SensorsPanel, scope: 'map:read' },
  ],
  cards: [{ layer: 'device', order: 10, component: DeviceAlarms, scope: 'map:read' }],
  overlays: [
    { key: 'escalated', component: EscalatedBanner, scope: 'map:read' },
    { key: 'siren', component: SoundControl, scope: 'map:read' },
  ],
  stage: stageAlarms,
})
