import { ApiClient, ApiError, type Config, type Me } from '@twin/api'
import { defineStore } from 'pinia'
import { computed, markRaw, ref, shallowRef } from 'vue'
import { language } from '../i18n'

/** Who looks at the screen, and what the server says about itself. */
export const useSession = defineStore('session', () => {
  const config = shallowRef<Config>()
  const me = shallowRef<Me>()
  const state = ref<'booting' | 'unreachable' | 'out' | 'in'>('booting')
  /** was signed in on this page before: the picture stays behind the sign-in form */
  const expired = ref(false)

  const api = markRaw(new ApiClient({ language, onUnauthenticated: () => signedOut() }))

  function signedOut(): void {
    if (state.value === 'in') expired.value = true
    state.value = 'out'
  }

  let retry: ReturnType<typeof setTimeout> | undefined

  async function boot(): Promise<void> {
    clearTimeout(retry)
    try {
      if (!config.value?.site) config.value = await api.config()
      me.value = await api.me()
      state.value = 'in'
      expired.value = false
      if (!config.value.site) retry = setTimeout(() => void boot(), 3000) // somebody loads it while we wait
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return // onUnauthenticated has set the state
      if (state.value !== 'in') state.value = 'unreachable'
      retry = setTimeout(() => void boot(), 2000)
    }
  }

  async function signIn(username: string, password: string): Promise<void> {
    me.value = await api.login(username, password)
    state.value = 'in'
    expired.value = false
    if (!config.value?.site) void boot()
  }

  async function signOut(): Promise<void> {
    await api.logout().catch(() => undefined)
    location.reload() // nothing of the plant stays in memory
  }

  /** The hub refused us: is it the session, or did the hub only restart? */
  async function check(): Promise<void> {
    try {
      me.value = await api.me()
    } catch {
      // a 401 has set the state; anything else is a server that restarts, and the hub client goes on trying
    }
  }

  const timezone = computed(() => config.value?.site?.timezone ?? 'Asia/Shanghai')
  return { config, me, state, expired, api, boot, signIn, signOut, check, timezone }
})
