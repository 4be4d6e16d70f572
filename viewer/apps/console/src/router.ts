import { guard } from '@twin/api'
import { createRouter, createWebHistory } from 'vue-router'
import { MODULES } from './modules'
import { useSession } from './session'

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    { path: '/sign-in', name: 'sign-in', component: () => import('./pages/SignIn.vue'), meta: { open: true } },
    {
      path: '/',
      component: () => import('./pages/Shell.vue'),
      children: [
        { path: '', redirect: '/editor/zone' },
        { path: 'editor/:layer/:id?', name: 'editor', component: () => import('./pages/EditorPage.vue') },
        { path: 'points/:id?', name: 'points', component: () => import('./pages/PointsPage.vue') },
        { path: 'transfer', name: 'transfer', component: () => import('./pages/TransferPage.vue') },
        { path: 'inbox', name: 'inbox', component: () => import('./pages/InboxPage.vue') },
        { path: 'profile', name: 'profile', component: () => import('./pages/ProfilePage.vue') },
        { path: 'audit', name: 'audit', component: () => import('./pages/AuditPage.vue') },
        ...MODULES.flatMap((m) => m.pages.map(({ name, path, component }) => ({ name, path, component }))),
      ],
    },
    { path: '/:rest(.*)', redirect: '/' },
  ],
})

router.beforeEach(guard(useSession))
