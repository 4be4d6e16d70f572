import { defineModule } from '..'
import AlarmLamp from './AlarmLamp.vue'

/** The alarm desk, set-points, escalation rules, statistics and analysis. */
export default defineModule({
  key: 'alarms',
  head: { component: AlarmLamp, scope: 'map:read' },
  pages: [
    {
      name: 'alarm-statistics', path: 'alarm-statistics', component: () => import('./StatisticsPage.vue'),
      nav: { group: 'field', order: 30, icon: 'height', to: '/alarm-statistics', scope: 'map:read' },
    },
    { name: 'alarm-analysis', path: 'alarm-analysis', component: () => import('./AnalysisPage.vue') },
    { name: 'alarm-rules', path: 'alarm-rules', component: () => import('./RulesPage.vue') },
    { name: 'alarm-desk', path: 'alarm-desk', component: () => import('./DeskSettings.vue') },
    { name: 'alarm-point', path: 'alarm-points/:id', component: () => import('./PointPage.vue') },
    {
      name: 'alarms', path: 'alarms/:id?', component: () => import('./AlarmDesk.vue'),
      nav: { group: 'field', order: 20, icon: 'alarm', to: '/alarms', scope: 'map:read' },
    },
  ],
}) // prettier-ignore
