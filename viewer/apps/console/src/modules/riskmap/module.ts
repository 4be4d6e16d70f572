import { defineModule } from '..'

/** Rules of the dynamic risk, the facts that people and other systems tell it, the desk of all zones, and the cards of zones and posts. */
export default defineModule({
  key: 'riskmap',
  pages: [
    {
      name: 'risk-zones',
      path: 'risk/zones',
      component: () => import('./ZonesPage.vue'),
      nav: { group: 'safety', order: 5, icon: 'zone', to: '/risk/zones', scope: 'risk:read' },
    },
    {
      name: 'risk-rules',
      path: 'risk/rules/:key?',
      component: () => import('./RulesPage.vue'),
      nav: { group: 'safety', order: 6, icon: 'section', to: '/risk/rules', scope: 'risk:read' },
    },
    {
      name: 'risk-facts',
      path: 'risk/facts',
      component: () => import('./FactsPage.vue'),
      nav: { group: 'safety', order: 6.5, icon: 'wind', to: '/risk/facts', scope: 'map:read' },
    },
    {
      name: 'risk-cards',
      path: 'risk/cards/:code?',
      component: () => import('./CardsPage.vue'),
      nav: { group: 'safety', order: 7, icon: 'info', to: '/risk/cards', scope: 'map:read' },
    },
  ],
})
