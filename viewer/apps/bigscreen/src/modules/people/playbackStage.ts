import type { PlantView } from '@twin/scene'
import { watch } from 'vue'
import { STYLE } from './fixes'
import { usePlayback } from './playback'
import { linesOf, placeAt } from './tracks'

/** Draws the instant that playback shows; the live dots are hidden meanwhile, so nobody is seen in two places. */
export function stagePlayback(view: PlantView): () => void {
  const playback = usePlayback()
  // what is drawn moves on by its own clock: the shown time may run backwards
  let drawn = 0
  const draw = (): void => {
    drawn += 1
    const places = (playback.tracks ?? []).flatMap((track) => placeAt(track, playback.at / 1000, drawn) ?? [])
    view.live.setMovers('playback', new Map(places.map((p) => [p.id, p])), { ...STYLE.people, labelFar: 4000 })
  }
  const ends = [
    watch([() => playback.tracks, () => playback.at], draw, { immediate: true }),
    watch(
      () => playback.tracks,
      (tracks) => view.live.setTrack(tracks && linesOf(tracks)),
    ),
  ]
  return () => ends.forEach((end) => end())
}
