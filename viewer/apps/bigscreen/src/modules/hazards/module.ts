import { defineModule } from '..'
import HazardPanel from './HazardPanel.vue'
import { stageHazards } from './stage'

/** Open hazards where they are, with their state and the days left; rates and what is overdue. */
export default defineModule({
  key: 'hazards',
  panels: [{ key: 'hazards', side: 'right', order: 20, component: HazardPanel, scope: 'hazard:read' }],
  stage: stageHazards,
})
