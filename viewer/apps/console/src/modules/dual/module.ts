import { defineModule } from '..'

export default defineModule({
  key: 'dual',
  pages: [
    { name: 'hazards', path: 'hazards/:id?', component: () => import('./HazardsPage.vue'), nav: { group: 'safety', order: 20, icon: 'hazard', to: '/hazards', scope: 'hazard:read' } },
    { name: 'risks', path: 'risks/:id?', component: () => import('./RisksPage.vue'), nav: { group: 'safety', order: 10, icon: 'zone', to: '/risks', scope: 'risk:read' } },
    { name: 'inspections', path: 'inspections/:id?', component: () => import('./InspectionsPage.vue'), nav: { group: 'safety', order: 30, icon: 'checklist', to: '/inspections', scope: 'inspection:read' } },
  ],
})
