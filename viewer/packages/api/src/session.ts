import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef } from 'vue'
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

interface SignInOptions {
  session: { signIn(username: string, password: string): Promise<void> }
  /** what to say when a field is empty, and when no server answers */
  texts: { missing: () => string; unreachable: () => string }
  /** where to go once signed in: a path of this app */
  go: (path: string) => Promise<unknown>
  /** what the address asked for before */
  next: () => unknown
}

/** What a sign-in form holds and does; apps bring their own look. */
export function useSignIn({ session, texts, go, next }: SignInOptions) {
  const form = reactive({ username: '', password: '' })
  const busy = ref(false)
  const fault = ref('')

  async function submit(): Promise<void> {
    if (!form.username || !form.password) {
      fault.value = texts.missing()
      return
    }
    busy.value = true
    fault.value = ''
    try {
      await session.signIn(form.username, form.password)
      const path = next()
      await go(typeof path === 'string' && path.startsWith('/') ? path : '/')
    } catch (error) {
      fault.value = error instanceof ApiError && !error.unreachable ? error.message : texts.unreachable()
      form.password = ''
    } finally {
      busy.value = false
    }
  }

  return { form, busy, fault, submit }
}

interface Way {
  fullPath: string
  meta: Record<PropertyKey, unknown>
}

/** What a router asks before each page: pages that are not open are for people who are signed in. */
export function guard(useSession: () => { load(): Promise<void>; signedIn: boolean }) {
  return async (to: Way): Promise<true | { name: 'sign-in'; query: { next: string } }> => {
    const session = useSession()
    try {
      await session.load()
    } catch {
      return true // the server does not answer: the page says so and tries again; sign-in would not help
    }
    return session.signedIn || to.meta['open'] ? true : { name: 'sign-in', query: { next: to.fullPath } }
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
