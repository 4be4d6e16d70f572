import { definePanel } from '.'
import ZonePanel from '../components/ZonePanel.vue'

export default definePanel({ key: 'zones', side: 'right', order: 10, component: ZonePanel })
