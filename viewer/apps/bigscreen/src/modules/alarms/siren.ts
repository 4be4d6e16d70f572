import { sirenOf } from '@twin/ui'
import { defineStore } from 'pinia'
import { i18n } from '../../i18n'
import { useAlarms } from './store'

/** What is spoken is Mandarin on every screen, whatever language it shows. */
const more = (n: number): string => i18n.global.t('alarms.spokenMore', { n }, { locale: 'zh-CN' })

/** Sound and speech of new alarms on this screen. */
export const useSiren = defineStore('siren', () => {
  const alarms = useAlarms()
  const siren = sirenOf(() => alarms.list, more)

  function start(): () => void {
    alarms.start()
    const stops = [alarms.onFresh(siren.heard), siren.start()]
    return () => stops.forEach((stop) => stop())
  }

  return { ...siren, start }
})
