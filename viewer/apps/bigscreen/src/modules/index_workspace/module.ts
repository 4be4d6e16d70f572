import { defineModule } from '..'
import IndexCard from './IndexCard.vue'
import IndexPanel from './IndexPanel.vue'

/** The early-warning index with its trend; a card beside it with the ten aspects and what costs them points. */
export default defineModule({
  key: 'index_workspace',
  panels: [{ key: 'index', side: 'left', order: 3, component: IndexPanel, scope: 'index:read' }],
  overlays: [{ key: 'index', component: IndexCard, scope: 'index:read' }],
})
