import { defineModule } from '..'

/** The register of chemicals and the major hazards that follow from what is stored (GB 18218). */
export default defineModule({
  key: 'chemicals',
  pages: [
    {
      name: 'chemicals',
      path: 'chemicals/:id?',
      component: () => import('./ChemicalsPage.vue'),
      nav: { group: 'safety', order: 12, icon: 'gas', to: '/chemicals', scope: 'chemicals:read' },
    },
    {
      name: 'major-hazards',
      path: 'major-hazards/:id?',
      component: () => import('./MajorPage.vue'),
      nav: { group: 'safety', order: 14, icon: 'tank', to: '/major-hazards', scope: 'chemicals:read' },
    },
  ],
})
