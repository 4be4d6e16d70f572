import { ApiClient, ApiError, type Config, type Me } from '@twin/api'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { i18n } from './i18n'

/** Who is signed in, and the one client of the server. */
export const useSession = defineStore('session', () => {
  const me = shallowRef<Me | null>(null)
  const config = shallowRef<Config | null>(null)
  const known = ref(false)
  const api = new ApiClient({
    language: () => i18n.global.locale.value,
    onUnauthenticated: () => (me.value = null),
  })

  /** Asks the server once who this browser is. */
  async function load(): Promise<void> {
    config.value ??= await api.config()
    if (known.value) return
    try {
      me.value = await api.me()
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
    }
    known.value = true
  }

  async function signIn(username: string, password: string): Promise<void> {
    me.value = await api.login(username, password)
    known.value = true
  }

  async function signOut(): Promise<void> {
    await api.logout()
    me.value = null
  }

  const may = (scope: string): boolean => me.value?.scopes.includes(scope) ?? false
  return { me, config, api, load, signIn, signOut, may, signedIn: computed(() => me.value !== null) }
})
