import { useI18n } from 'vue-i18n'
import type { Dictionary } from './chemicals'

/** Where a Q or beta is from, in words: `named:nh3`, `classes:W5.3` or `entered`. */
export function useSources() {
  const { t, locale } = useI18n()
  function sourceOf(from: string, dictionary: Dictionary | undefined, basis = ''): string {
    const [kind = '', key = ''] = from.split(':')
    if (kind === 'entered') return [t('chemicals.from.entered'), basis && t('chemicals.basisOf', { text: basis })].filter(Boolean).join(' · ')
    if (kind === 'classes') return t('chemicals.from.classes', { name: key })
    const row = dictionary?.named.find((one) => one.key === key)
    return kind === 'named' ? t('chemicals.from.named', { name: (locale.value === 'en' ? row?.en : row?.zh) || key }) : t('chemicals.noRate')
  }
  return { sourceOf }
}
