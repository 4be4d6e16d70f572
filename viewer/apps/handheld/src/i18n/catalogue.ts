import type { Catalogue, Messages } from '@twin/ui'
import { en } from './en'
import { zh } from './zh'

type Texts = Record<'zh-CN' | 'en', Messages>
const found = import.meta.glob<{ default: Texts }>('../modules/*/messages.ts', { eager: true })

/** The texts of every module in one language, below the name of its folder. */
function ofModules(language: 'zh-CN' | 'en'): Messages {
  return Object.fromEntries(
    Object.entries(found).map(([path, m]) => [path.split('/').at(-2) ?? path, m.default[language]]),
  )
}

export const catalogue: Catalogue = {
  'zh-CN': { ...zh, ...ofModules('zh-CN') },
  en: { ...en, ...ofModules('en') },
}
