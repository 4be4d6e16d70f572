import { ref } from 'vue'

/** Where this phone is by its own satellite receiver: degrees (WGS 84), accuracy in metres, ms since 1970. */
export interface Position {
  lon: number
  lat: number
  accuracy: number
  at: number
}

/** Why the phone tells no position; the browser's own words are English, so they are not shown. */
export type PositionFault = 'denied' | 'unavailable' | 'unsupported'

export const position = ref<Position>()
export const positionFault = ref<PositionFault>()

let watching: number | undefined

/** Follows the phone's position from the first call on. */
export function followPosition(): void {
  if (watching !== undefined) return
  if (!('geolocation' in navigator)) {
    positionFault.value = 'unsupported'
    return
  }
  watching = navigator.geolocation.watchPosition(
    ({ coords, timestamp }) => {
      positionFault.value = undefined
      position.value = { lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy, at: timestamp }
    },
    (error) => {
      positionFault.value = error.code === error.PERMISSION_DENIED ? 'denied' : 'unavailable'
      if (watching !== undefined && error.code === error.PERMISSION_DENIED) {
        navigator.geolocation.clearWatch(watching)
        watching = undefined
      }
    },
    { enableHighAccuracy: true, maximumAge: 5000 },
  )
}
