import { HubClient } from './client'
import type { ToWorker } from './host'
import { Outlet } from './outlet'

// The socket and the decoding live here, so that a flood of positions never costs the picture a frame.
let client: HubClient | undefined
const ends = new Map<number, () => void>()
const outlet = new Outlet((news) => self.postMessage(news))

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data
  switch (message.do) {
    case 'start':
      client?.stop()
      client = new HubClient({ ...message.options, onState: (state) => outlet.tell(state) })
      client.start()
      return
    case 'sub': {
      const end = client?.subscribe(message.subscription, (change) => outlet.give(message.key, change))
      if (end) ends.set(message.key, end)
      return
    }
    case 'unsub':
      ends.get(message.key)?.()
      ends.delete(message.key)
      outlet.drop(message.key)
      return
    case 'next':
      outlet.next()
      return
    case 'nudge':
      client?.nudge()
      return
    case 'stop':
      client?.stop()
  }
}
