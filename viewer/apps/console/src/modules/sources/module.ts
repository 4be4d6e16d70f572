import { defineModule } from '..'

/** Field sources and how they fare, point lists, refresh rate, retention, and the demo's scenarios. */
export default defineModule({
  key: 'sources',
  pages: [
    { name: 'point-list', path: 'point-list', component: () => import('./PointListPage.vue') },
    { name: 'field-settings', path: 'field-settings', component: () => import('./FieldSettings.vue'), nav: { group: 'field', order: 60, icon: 'play', to: '/field-settings', scope: 'map:read' } },
    { name: 'sources', path: 'sources/:id?', component: () => import('./SourcesPage.vue'), nav: { group: 'field', order: 50, icon: 'source', to: '/sources', scope: 'system:read' } },
  ],
}) // prettier-ignore
