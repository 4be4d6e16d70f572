import { guard } from '@twin/api'
import { createRouter, createWebHistory } from 'vue-router'
import { MODULES } from './modules'
import { useSession } from './session'

export const router = createRouter({
  history: createWebHistory('/m/'),
  routes: [
    { path: '/sign-in', name: 'sign-in', component: () => import('./pages/SignIn.vue'), meta: { open: true } },
    {
      path: '/',
      component: () => import('./pages/Shell.vue'),
      children: [
        { path: '', name: 'map', component: () => import('./pages/MapPage.vue') },
        // what a zone's QR code and a shared link point to
        { path: 'zone/:code', name: 'zone', component: () => import('./pages/MapPage.vue') },
        { path: 'work', name: 'work', component: () => import('./pages/WorkPage.vue') },
        { path: 'scan', name: 'scan', component: () => import('./pages/ScanPage.vue') },
        { path: 'inbox', name: 'inbox', component: () => import('./pages/InboxPage.vue') },
        { path: 'me', name: 'me', component: () => import('./pages/MePage.vue') },
        ...MODULES.flatMap((m) => m.pages.map(({ name, path, component }) => ({ name, path, component }))),
      ],
    },
    { path: '/:rest(.*)', redirect: '/' },
  ],
})

router.beforeEach(guard(useSession))
