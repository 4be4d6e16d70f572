import { defineModule } from '..'

/** The early-warning index with what it is made of. */
export default defineModule({
  key: 'index',
  pages: [
    {
      name: 'index',
      path: 'index',
      component: () => import('./IndexPage.vue'),
      tile: { order: 14, icon: 'pressure', to: '/index', scope: 'index:read' },
    },
  ],
})
