import type { SceneEvents } from './types'

type Name = keyof SceneEvents

export class Emitter {
  private readonly listeners = new Map<Name, Set<(...args: never[]) => void>>()

  on<N extends Name>(name: N, listener: SceneEvents[N]): () => void {
    const set = this.listeners.get(name) ?? new Set()
    this.listeners.set(name, set)
    set.add(listener as (...args: never[]) => void)
    return () => set.delete(listener as (...args: never[]) => void)
  }

  emit<N extends Name>(name: N, ...args: Parameters<SceneEvents[N]>): void {
    for (const listener of this.listeners.get(name) ?? [])
      (listener as (...a: Parameters<SceneEvents[N]>) => void)(...args)
  }
}
