import { defineModule } from '..'
import ZonePanel from './ZonePanel.vue'

export default defineModule({
  key: 'zones',
  panels: [{ key: 'zones', side: 'right', order: 90, component: ZonePanel, past: true }],
})
