import { defineModule } from '..'

const group = 'people' as const

/** People, vehicles, badges, fences, calls, and how good positions are. */
export default defineModule({
  key: 'people',
  pages: [
    {
      name: 'people',
      path: 'people',
      component: () => import('./PeoplePage.vue'),
      nav: { group, order: 10, icon: 'user', to: '/people', scope: 'people:read' },
    },
    {
      name: 'vehicles',
      path: 'vehicles',
      component: () => import('./VehiclesPage.vue'),
      nav: { group, order: 20, icon: 'vehicle', to: '/vehicles', scope: 'people:read' },
    },
    {
      name: 'tracks',
      path: 'tracks',
      component: () => import('./TracksPage.vue'),
      nav: { group, order: 25, icon: 'section', to: '/tracks', scope: 'people:read' },
    },
    {
      name: 'fences',
      path: 'fences',
      component: () => import('./FencesPage.vue'),
      nav: { group, order: 30, icon: 'fence', to: '/fences', scope: 'people:read' },
    },
    {
      name: 'calls',
      path: 'calls',
      component: () => import('./CallsPage.vue'),
      nav: { group, order: 40, icon: 'phone', to: '/calls', scope: 'people:call' },
    },
    {
      name: 'terminals',
      path: 'terminals',
      component: () => import('./TerminalsPage.vue'),
      nav: { group, order: 50, icon: 'visitor', to: '/terminals', scope: 'people:read' },
    },
    {
      name: 'accuracy',
      path: 'accuracy',
      component: () => import('./AccuracyPage.vue'),
      nav: { group, order: 60, icon: 'anchor', to: '/accuracy', scope: 'positioning:read' },
    },
  ],
})
