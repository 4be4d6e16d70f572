import { defineModule } from '..'
import RiskPanel from './RiskPanel.vue'
import { openFromAddress } from './machine'
import TimeLine from './TimeLine.vue'
import TimeMachine from './TimeMachine.vue'
import ZoneSection from './ZoneSection.vue'

/** Why zones have their colour, what has changed, and the map of any second of the last thirty days. */
export default defineModule({
  key: 'riskmap',
  panels: [
    { key: 'riskmap', side: 'left', order: 5, component: RiskPanel, scope: 'map:read', past: true },
    { key: 'timeline', side: 'bottom', order: 5, component: TimeLine, scope: 'map:read', past: true },
  ],
  cards: [{ layer: 'zone', order: 5, component: ZoneSection }],
  overlays: [{ key: 'riskmap', component: TimeMachine, scope: 'map:read' }],
  stage: () => {
    openFromAddress()
    return () => undefined
  },
})
