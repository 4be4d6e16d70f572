import { defineModule } from '..'
import PeoplePanel from './PeoplePanel.vue'
import PersonCard from './PersonCard.vue'
import PlaybackBar from './PlaybackBar.vue'
import { stagePlayback } from './playbackStage'
import { stagePeople } from './stage'

/** People and vehicles where they really are, their fences, calls for help, and where they were. */
export default defineModule({
  key: 'people',
  panels: [{ key: 'people', side: 'left', order: 10, component: PeoplePanel, scope: 'people:read', past: true }],
  overlays: [
    { key: 'people', component: PersonCard, scope: 'people:read' },
    { key: 'playback', component: PlaybackBar, scope: 'people:read' },
  ],
  stage: (view) => {
    const ends = [stagePeople(view), stagePlayback(view)]
    return () => ends.forEach((end) => end())
  },
})
