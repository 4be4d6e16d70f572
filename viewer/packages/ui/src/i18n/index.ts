import { createI18n } from 'vue-i18n'

/** Chinese first; English is complete. A user reads one or the other, never a mixture. */
export const LANGUAGES = ['zh-CN', 'en'] as const
export type Language = (typeof LANGUAGES)[number]
export type Messages = { [key: string]: string | Messages }
export type Catalogue = Record<Language, Messages>

// An app's own texts with those of its modules (path `../modules/<key>/messages.ts` to module), each below the name of its folder.
export function withModules(own: Catalogue, modules: Record<string, { default: Catalogue }>): Catalogue {
  const of = (language: Language): Messages =>
    Object.fromEntries(Object.entries(modules).map(([path, m]) => [path.split('/').at(-2) ?? path, m.default[language]]))
  return { 'zh-CN': { ...own['zh-CN'], ...of('zh-CN') }, en: { ...own.en, ...of('en') } }
}

const KEY = 'twin.language'

export function isLanguage(value: unknown): value is Language {
  return typeof value === 'string' && (LANGUAGES as readonly string[]).includes(value)
}

export function storedLanguage(): Language | undefined {
  try {
    const value = localStorage.getItem(KEY)
    return isLanguage(value) ? value : undefined
  } catch {
    return undefined // storage may be forbidden; the default language will do
  }
}

export function createTwinI18n(catalogue: Catalogue, language: Language = storedLanguage() ?? 'zh-CN') {
  const i18n = createI18n({
    legacy: false,
    locale: language,
    fallbackLocale: 'zh-CN',
    messages: catalogue,
    missingWarn: false,
  })
  document.documentElement.lang = language
  return i18n
}

/** `locale` is `useI18n().locale` or `i18n.global.locale`. */
export function setLanguage(locale: { value: string }, language: Language): void {
  locale.value = language
  document.documentElement.lang = language
  try {
    localStorage.setItem(KEY, language)
  } catch {
    // see storedLanguage
  }
}

/** Every leaf key as a dotted path, sorted. */
export function leafKeys(messages: Messages, prefix = ''): string[] {
  return Object.entries(messages)
    .flatMap(([key, value]) => (typeof value === 'string' ? [prefix + key] : leafKeys(value, `${prefix}${key}.`)))
    .sort()
}

/** Keys that one language has and the other lacks, and texts that are empty. Empty lists when a catalogue is complete. */
export function catalogueFaults(catalogue: Catalogue): { missing: string[]; empty: string[] } {
  const zh = leafKeys(catalogue['zh-CN'])
  const en = leafKeys(catalogue.en)
  const missing = [
    ...zh.filter((k) => !en.includes(k)).map((k) => `en: ${k}`),
    ...en.filter((k) => !zh.includes(k)).map((k) => `zh-CN: ${k}`),
  ]
  const empty = LANGUAGES.flatMap((language) =>
    leafKeys(catalogue[language])
      .filter((k) => textAt(catalogue[language], k).trim() === '')
      .map((k) => `${language}: ${k}`),
  )
  return { missing, empty }
}

function textAt(messages: Messages, path: string): string {
  let at: string | Messages | undefined = messages
  for (const part of path.split('.')) at = typeof at === 'object' ? at[part] : undefined
  return typeof at === 'string' ? at : ''
}

/** A feature's name in the reader's language; falls back to the other name, then to its code. */
export function nameIn(language: string, of: { name?: unknown; name_en?: unknown; code?: unknown }): string {
  const pair = language === 'en' ? [of.name_en, of.name] : [of.name, of.name_en]
  for (const value of [...pair, of.code]) if (typeof value === 'string' && value !== '') return value
  return ''
}
