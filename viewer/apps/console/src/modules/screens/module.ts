import { defineModule } from '..'

/** Which panels stand where on the big screens, and the views that they show in turn. */
export default defineModule({
  key: 'screens',
  pages: [
    {
      name: 'screens',
      path: 'screens/:scene?',
      component: () => import('./ScreensPage.vue'),
      nav: { group: 'system', order: 20, icon: 'layers', to: '/screens', scope: 'screens:write' },
    },
  ],
})
