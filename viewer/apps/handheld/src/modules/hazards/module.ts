import { defineModule } from '..'

export default defineModule({
  key: 'hazards',
  pages: [
    { name: 'hazards', path: 'hazards', component: () => import('./HazardsPage.vue'), tile: { order: 10, icon: 'hazard', to: '/hazards', scope: 'hazard:report' } },
    { name: 'hazard-new', path: 'hazards/new', component: () => import('./ReportPage.vue') },
    { name: 'hazard', path: 'hazards/:id', component: () => import('./HazardPage.vue') },
  ],
})
