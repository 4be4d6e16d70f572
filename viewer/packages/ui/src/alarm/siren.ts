import { computed, ref, watch } from 'vue'
import { announcement, Sound, type SoundState } from './sound'
import { gradeOf, held, unseen, type AlarmState } from './state'

/** Unseen red and orange alarms are heard again after this, until somebody sees or silences them. ms */
const AGAIN = 12_000

/**
 * Sound, speech and lamp of the alarms on this computer.
 * `list`: the open alarms in their order; `more`: what is said, in Mandarin, of so many others.
 */
export function sirenOf(list: () => readonly AlarmState[], more: (n: number) => string) {
  const state = ref<SoundState>('off')
  /** silenced until the next new alarm */
  const silenced = ref(false)
  /** what was sounded last, for the eye and for tests */
  const last = ref<{ grade: number; text: string; n: number }>()
  const sound = new Sound((now) => (state.value = now))

  /** The gravest unseen alarm that stands: what the lamp shows. */
  const lamp = computed(() => list().find((a) => a.active && unseen(a) && !held(a)))

  function heard(fresh: readonly AlarmState[]): void {
    const told = announcement(fresh)
    if (!told) return
    silenced.value = false
    const text = told.alarm.title + (told.more ? more(told.more) : '')
    last.value = { grade: told.alarm.grade, text, n: fresh.length }
    sound.play(gradeOf(told.alarm))
    void sound.speak(`/api/alarms/${told.alarm.id}/speech`, text)
  }

  /** Returns how to end it. */
  function start(): () => void {
    const timer = setInterval(() => {
      const worst = lamp.value
      if (worst && worst.grade <= 2 && !silenced.value) sound.play(gradeOf(worst))
    }, AGAIN)
    const quiet = watch(lamp, (now) => now || sound.hush())
    return () => {
      quiet()
      clearInterval(timer)
    }
  }

  const toggle = (): Promise<void> => (state.value === 'on' ? sound.disable() : sound.enable())
  function silence(): void {
    silenced.value = true
    sound.hush()
  }

  return { state, silenced, last, lamp, heard, start, toggle, silence }
}
