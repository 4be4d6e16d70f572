import type { components } from './generated/openapi'

type Devices = components['schemas']['DevicesOut']
type Device = components['schemas']['DeviceOut']
interface Requests {
  request<T>(path: string, options?: { method?: 'GET' | 'POST' | 'DELETE'; body?: unknown }): Promise<T>
}

const PATH = '/api/signatures/devices'

/** Whether this browser's authenticator (finger, face, PIN) can answer for a page of this address. */
const answers = (origin: string): boolean =>
  typeof PublicKeyCredential !== 'undefined' && 'parseRequestOptionsFromJSON' in PublicKeyCredential && location.origin === origin

/** The authenticators that confirm one's signatures. */
export interface SignatureDevices {
  list(): Promise<{ origin: string; /** this page can register one and sign with it */ here: boolean; items: Device[] }>
  add(name: string, password: string): Promise<void>
  remove(id: string): Promise<void>
}

export function signatureDevices(api: Requests): SignatureDevices {
  return {
    async list() {
      const found = await api.request<Devices>(PATH)
      return { ...found, here: answers(found.origin) }
    },
    async add(name, password) {
      const begun = await api.request<components['schemas']['DeviceOptions']>(`${PATH}/options`, { method: 'POST', body: { password } })
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.options as unknown as PublicKeyCredentialCreationOptionsJSON)
      const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential
      await api.request(PATH, { method: 'POST', body: { challenge_id: begun.challenge_id, credential: made.toJSON(), name } })
    },
    async remove(id) {
      await api.request(`${PATH}/${encodeURIComponent(id)}`, { method: 'DELETE' })
    },
  }
}

/** Whether somebody can sign here with an authenticator of theirs; without an answer: no. */
export async function signsHere(api: Requests): Promise<boolean> {
  const found = await signatureDevices(api).list().catch(() => undefined)
  return !!found?.here && found.items.length > 0
}

/** The authenticator's answer to the challenge of `device_needed`; undefined when the person breaks off or it can't. */
export async function assertion(params: Record<string, unknown>): Promise<{ challenge_id: unknown; credential: unknown } | undefined> {
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(params['options'] as PublicKeyCredentialRequestOptionsJSON)
    const made = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null
    return made ? { challenge_id: params['challenge_id'], credential: made.toJSON() } : undefined
  } catch {
    return undefined
  }
}
