import { applyTheme } from '@twin/ui'
import '@twin/ui/styles.css'
import 'vant/lib/index.css'
import './styles/handheld.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { i18n } from './i18n'
import { startOffline } from './offline'
import { router } from './router'
import { savedTheme } from './theme'

applyTheme(savedTheme())
createApp(App).use(createPinia()).use(i18n).use(router).mount('#app')
startOffline()
