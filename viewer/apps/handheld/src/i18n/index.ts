import { createTwinI18n } from '@twin/ui'
import { catalogue } from './catalogue'

export { catalogue }
export const i18n = createTwinI18n(catalogue)
export const language = (): string => i18n.global.locale.value
