import { defineModule } from '..'

/** The early-warning index: now and before, aspects down to rows, library of indicators, model. */
export default defineModule({
  key: 'index_workspace',
  pages: [
    {
      name: 'index',
      path: 'index',
      component: () => import('./IndexPage.vue'),
      nav: { group: 'safety', order: 3, icon: 'pressure', to: '/index', scope: 'index:read' },
    },
    { name: 'index-library', path: 'index/library', component: () => import('./LibraryPage.vue') },
    { name: 'index-model', path: 'index/model', component: () => import('./ModelPage.vue') },
  ],
})
