import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { ApiClient, ApiError } from './client'
import type { Config, Me } from './types'

export interface SessionOptions {
  /** language of the server's messages, asked for at each call */
  language: () => string
  /** where the last known person and plant are kept for work without a network; nowhere when left out */
  keep?: string
}

interface Kept {
  me: Me | null
  config: Config | null
}

function read(key: string | undefined): Kept {
  try {
    return key ? (JSON.parse(localStorage.getItem(key) ?? 'null') ?? { me: null, config: null }) : { me: null, config: null }
  } catch {
    return { me: null, config: null } // storage may be forbidden or hold rubbish
  }
}

/** The store of who is signed in, with the one client of the server. */
export function defineSession({ language, keep }: SessionOptions) {
  return defineStore('session', () => {
    const me = shallowRef<Me | null>(null)
    const config = shallowRef<Config | null>(null)
    const known = ref(false)
    /** the server did not answer: who is shown is who was signed in last */
    const remembered = ref(false)
    const api = new ApiClient({ language, onUnauthenticated: () => (me.value = null) })

    function store(): void {
      if (!keep) return
      try {
        localStorage.setItem(keep, JSON.stringify({ me: me.value, config: config.value } satisfies Kept))
      } catch {
        // see read
      }
    }

    /** Asks the server once who this browser is. */
    async function load(): Promise<void> {
      if (known.value && config.value) return
      try {
        config.value ??= await api.config()
        if (known.value) return
        try {
          me.value = await api.me()
        } catch (error) {
          if (!(error instanceof ApiError) || error.status !== 401) throw error
        }
        known.value = true
        remembered.value = false
        store()
      } catch (error) {
        const kept = read(keep)
        if (!(error instanceof ApiError) || !error.unreachable || !kept.me) throw error
        config.value ??= kept.config
        me.value ??= kept.me
        remembered.value = true
      }
    }

    async function signIn(username: string, password: string): Promise<void> {
      me.value = await api.login(username, password)
      known.value = true
      remembered.value = false
      store()
    }

    async function signOut(): Promise<void> {
      await api.logout()
      me.value = null
      store()
    }

    const may = (scope: string): boolean => me.value?.scopes.includes(scope) ?? false
    return { me, config, api, remembered, load, signIn, signOut, may, signedIn: computed(() => me.value !== null) }
  })
}
