import { createTwinI18n } from '@twin/ui'
import en from './en'
import zh from './zh-CN'

export const catalogue = { 'zh-CN': zh, en }
export const i18n = createTwinI18n(catalogue)
export const language = (): string => i18n.global.locale.value
