import { applyTheme } from '@twin/ui'
import '@twin/ui/styles.css'
import 'element-plus/dist/index.css'
import './styles/console.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { i18n } from './i18n'
import { router } from './router'

applyTheme('light')
createApp(App).use(createPinia()).use(i18n).use(router).mount('#app')
