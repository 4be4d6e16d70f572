import '@twin/ui/styles.css'
import './screen.css'
import { applyTheme, wallRem } from '@twin/ui'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { i18n } from './i18n'

applyTheme('wall')
const scale = (): void => {
  document.documentElement.style.fontSize = `${wallRem(innerWidth, innerHeight)}px`
}
scale()
addEventListener('resize', scale)

createApp(App).use(createPinia()).use(i18n).mount('#app')
