import { defineModule } from '..'
import LevelCounts from './LevelCounts.vue'
import RiskSection from './RiskSection.vue'

/** Why a zone has its colour, whom to call, what to do there; zones counted by level over the map. */
export default defineModule({
  key: 'riskmap',
  pages: [],
  zoneSections: [{ order: 10, component: RiskSection }],
  mapParts: [{ order: 10, component: LevelCounts }],
})
