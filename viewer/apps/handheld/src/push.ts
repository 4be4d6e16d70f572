import type { ApiClient } from '@twin/api'

export type PushState = 'on' | 'off' | 'denied' | 'unavailable'

type Api = Pick<ApiClient, 'request'>

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(text, (c) => c.charCodeAt(0))
}

async function registration(): Promise<ServiceWorkerRegistration | undefined> {
  if (!('serviceWorker' in navigator) || !('PushManager' in globalThis) || !('Notification' in globalThis)) return undefined
  return navigator.serviceWorker.getRegistration('/m/')
}

/** Whether messages ring on this device while the app is closed. */
export async function pushState(): Promise<PushState> {
  const worker = await registration()
  if (!worker) return 'unavailable'
  if (Notification.permission === 'denied') return 'denied'
  return (await worker.pushManager.getSubscription()) ? 'on' : 'off'
}

/** Turns it on; the browser asks the person. Throws what the push service or the server says. */
export async function pushOn(api: Api): Promise<PushState> {
  const worker = await registration()
  const { key, enabled } = await api.request<{ key: string; enabled: boolean }>('/api/push/key')
  if (!worker || !enabled) return 'unavailable'
  if ((await Notification.requestPermission()) !== 'granted') return 'denied'
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) })
  await api.request('/api/push/subscriptions', { method: 'POST', body: made.toJSON() })
  return 'on'
}

/** Turns it off here, and at the server when it can be reached. */
export async function pushOff(api: Api): Promise<PushState> {
  const made = await (await registration())?.pushManager.getSubscription()
  if (made) {
    await made.unsubscribe()
    await api.request('/api/push/subscriptions/remove', { method: 'POST', body: { endpoint: made.endpoint } })
  }
  return 'off'
}
