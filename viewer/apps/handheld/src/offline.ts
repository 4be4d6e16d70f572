import { ref } from 'vue'

/** Whether the browser believes to have a network. The hub's connection says more; this one is there before it. */
export const online = ref(typeof navigator === 'undefined' || navigator.onLine)

/** Registers the service worker and follows the network. Works without both: then nothing is kept. */
export function startOffline(): void {
  addEventListener('online', () => (online.value = true))
  addEventListener('offline', () => (online.value = false))
  if ('serviceWorker' in navigator && import.meta.env.PROD)
    navigator.serviceWorker.register('/m/sw.js', { scope: '/m/' }).catch((error: unknown) => console.warn('offline', error))
}

/** What was kept for one person is not for the next. */
export async function forgetKept(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration('/m/')
  registration?.active?.postMessage('forget')
}
