import { defineModule } from '..'

/** Several measuring points over one stretch of time, down to the second, with what happened meanwhile. */
export default defineModule({
  key: 'trends',
  pages: [{ name: 'trends', path: 'trends', component: () => import('./TrendsPage.vue'), nav: { group: 'field', order: 15, icon: 'track', to: '/trends', scope: 'map:read' } }],
}) // prettier-ignore
