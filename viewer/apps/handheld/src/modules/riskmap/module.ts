import { defineModule } from '..'
import LevelCounts from './LevelCounts.vue'
import RiskSection from './RiskSection.vue'

/** Why a zone has its colour, whom to call, what to do there; zones counted by level over the map. */
export default defineModule({
  key: 'riskmap',
  pages: [
    {
      name: 'post-cards',
      path: 'cards',
      component: () => import('./PostCardsPage.vue'),
      tile: { order: 15, icon: 'contractor', to: '/cards' },
    },
    // what the QR code of a post's card points to
    { name: 'post-card', path: 'cards/:code/:post', component: () => import('./PostCardPage.vue') },
  ],
  zoneSections: [{ order: 10, component: RiskSection }],
  mapParts: [{ order: 10, component: LevelCounts }],
})
