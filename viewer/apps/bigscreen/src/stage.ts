import type { PlantView } from '@twin/scene'
import { shallowRef } from 'vue'

/** The one view on the stage, 3D or 2D. Held outside of reactivity: only the reference is watched, never what is in it. */
export const stage = shallowRef<PlantView>()

const frames = new Set<() => void>()

/** Runs after each drawn frame, for what has to stay beside a thing of the scene. */
export function onFrame(run: () => void): () => void {
  frames.add(run)
  return () => frames.delete(run)
}

export function frameDrawn(): void {
  for (const run of frames) run()
}
