import { defineModule } from '..'

export default defineModule({
  key: 'people',
  pages: [
    {
      name: 'people',
      path: 'people',
      component: () => import('./PeoplePage.vue'),
      tile: { order: 30, icon: 'user', to: '/people', scope: 'people:read' },
    },
  ],
})
