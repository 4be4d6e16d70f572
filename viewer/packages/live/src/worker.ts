import { HubClient } from './client'
import type { FromWorker, ToWorker } from './host'

// The socket and the decoding live here, so that a flood of positions never costs the picture a frame.
let client: HubClient | undefined
const ends = new Map<number, () => void>()
const post = (message: FromWorker): void => self.postMessage(message)

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data
  switch (message.do) {
    case 'start':
      client?.stop()
      client = new HubClient({ ...message.options, onState: (state) => post({ state }) })
      client.start()
      return
    case 'sub': {
      const end = client?.subscribe(message.subscription, (change) => post({ key: message.key, change }))
      if (end) ends.set(message.key, end)
      return
    }
    case 'unsub':
      ends.get(message.key)?.()
      ends.delete(message.key)
      return
    case 'nudge':
      client?.nudge()
      return
    case 'stop':
      client?.stop()
  }
}
