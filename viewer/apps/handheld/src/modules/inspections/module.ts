import { defineModule } from '..'

export default defineModule({
  key: 'inspections',
  pages: [
    { name: 'tasks', path: 'tasks', component: () => import('./TasksPage.vue'), tile: { order: 20, icon: 'checklist', to: '/tasks', scope: 'inspection:do' } },
    { name: 'task', path: 'tasks/:id', component: () => import('./TaskPage.vue') },
    // what the QR code or NFC tag of an inspection point says
    { name: 'point', path: 'point/:tag', component: () => import('./PointPage.vue') },
  ],
})
