import { createTwinI18n } from '@twin/ui'
import { en } from './en'
import { zh } from './zh'

export const catalogue = { 'zh-CN': zh, en }
export const i18n = createTwinI18n(catalogue)
