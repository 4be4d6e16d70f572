/* The service worker: the app opens without a network and shows the last known state, marked as such by the app. */
const VERSION = '__VERSION__'
const FILES = __FILES__
const SHELL = `shell-${VERSION}`
const DATA = 'data-1'
const TILES = 'tiles-1'
const TILE_LIMIT = 600
/* What may be shown from an earlier time. Answers carry the time they were fetched in `x-kept`. */
const KEPT = [/^\/api\/config$/, /^\/ogc\/collections\/[a-z_]+\/items/, /^\/api\/zones\//, /^\/api\/risk\/cards/, /^\/api\/index(\/radar)?$/, /^\/api\/inspections\/tasks/]

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(SHELL)
      .then((cache) => cache.addAll(FILES.map((f) => `/m/${f}`)))
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  const old = (name) => name.startsWith('shell-') && name !== SHELL
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((n) => caches.delete(n))))
      .then(() => self.clients.claim()),
  )
})

async function stamped(response) {
  const headers = new Headers(response.headers)
  headers.set('x-kept', new Date().toISOString())
  return new Response(await response.blob(), { status: response.status, headers })
}

/* Network first: what is shown is as new as it can be. */
async function fresh(request, cacheName) {
  const cache = await caches.open(cacheName)
  try {
    const response = await fetch(request)
    if (response.ok) await cache.put(request, await stamped(response.clone()))
    return response
  } catch (error) {
    const kept = await cache.match(request)
    if (kept) return kept
    throw error
  }
}

async function trim(name, limit) {
  const cache = await caches.open(name)
  const keys = await cache.keys()
  await Promise.all(keys.slice(0, Math.max(0, keys.length - limit)).map((k) => cache.delete(k)))
}

async function shell(request) {
  const cache = await caches.open(SHELL)
  const kept = await cache.match(request, { ignoreSearch: true })
  if (kept) return kept
  const response = await fetch(request)
  if (response.ok && new URL(request.url).pathname.startsWith('/m/assets/')) await cache.put(request, response.clone())
  return response
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin) return
  if (request.mode === 'navigate' && url.pathname.startsWith('/m/'))
    event.respondWith(fetch(request).catch(() => caches.match('/m/', { cacheName: SHELL })))
  else if (url.pathname.startsWith('/ogc/tiles/'))
    event.respondWith(fresh(request, TILES).finally(() => event.waitUntil(trim(TILES, TILE_LIMIT))))
  else if (KEPT.some((k) => k.test(url.pathname))) event.respondWith(fresh(request, DATA))
  else if (url.pathname.startsWith('/m/')) event.respondWith(shell(request))
})

/* Another person signs in on this device: nothing of the one before stays. */
self.addEventListener('message', (event) => {
  if (event.data === 'forget') event.waitUntil(Promise.all([caches.delete(DATA), caches.delete(TILES)]))
})

self.addEventListener('push', (event) => {
  const data = event.data ? event.data.json() : {}
  const options = { body: data.text ?? '', tag: data.id, data: { link: data.link ?? '/m/inbox' }, icon: '/m/icon-192.png' }
  event.waitUntil(self.registration.showNotification(data.title ?? '', options))
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(self.clients.openWindow(event.notification.data.link))
})
