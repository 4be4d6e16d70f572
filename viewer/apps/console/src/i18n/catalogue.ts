import { withModules, type Catalogue } from '@twin/ui'
import { en } from './en'
import { zh } from './zh'

const modules = import.meta.glob<{ default: Catalogue }>('../modules/*/messages.ts', { eager: true })

export const catalogue = withModules({ 'zh-CN': zh, en }, modules)
