import type { Site } from '@twin/api'
import type { CameraView, SceneTexts } from '@twin/scene'

/** What a 2D view is made from. */
export interface MapOptions {
  element: HTMLElement
  site: Site
  home: CameraView
  texts: SceneTexts
}
