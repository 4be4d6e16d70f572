import { defineSession } from '@twin/api'
import { i18n } from './i18n'

/** Who is signed in, also while there is no network, and the one client of the server. */
export const useSession = defineSession({ language: () => i18n.global.locale.value, keep: 'twin.handheld.session' })
