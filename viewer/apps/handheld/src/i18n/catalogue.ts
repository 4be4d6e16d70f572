import { DEVICE_TEXTS, withModules, type Catalogue } from '@twin/ui'
import { en } from './en'
import { zh } from './zh'

const modules = import.meta.glob<{ default: Catalogue }>('../modules/*/messages.ts', { eager: true })

export const catalogue = withModules(
  { 'zh-CN': { ...zh, devices: DEVICE_TEXTS['zh-CN'] }, en: { ...en, devices: DEVICE_TEXTS.en } },
  modules,
)
