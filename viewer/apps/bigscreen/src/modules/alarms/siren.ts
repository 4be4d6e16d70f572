import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { i18n } from '../../i18n'
import { gradeOf, held, unseen, type Alarm } from './list'
import { announcement, Sound, type SoundState } from './sound'
import { useAlarms } from './store'

/** Unseen red and orange alarms are heard again after this, until somebody sees or silences them. ms */
const AGAIN = 12_000
/** What is spoken is Mandarin on every screen, whatever language it shows. */
const more = (n: number): string => i18n.global.t('alarms.spokenMore', { n }, { locale: 'zh-CN' })

/** Sound and speech of new alarms on this screen. */
export const useSiren = defineStore('siren', () => {
  const alarms = useAlarms()
  const state = ref<SoundState>('off')
  /** silenced until the next new alarm */
  const silenced = ref(false)
  /** what was sounded last, for the eye and for tests */
  const last = ref<{ grade: number; text: string; n: number }>()
  const sound = new Sound((now) => (state.value = now))
  let timer: ReturnType<typeof setInterval> | undefined

  /** The gravest unseen alarm that stands: what the lamp shows. */
  const lamp = computed(() => alarms.list.find((a) => a.active && unseen(a) && !held(a)))

  function heard(fresh: readonly Alarm[]): void {
    const told = announcement(fresh)
    if (!told) return
    silenced.value = false
    const text = told.alarm.title + (told.more ? more(told.more) : '')
    last.value = { grade: told.alarm.grade, text, n: fresh.length }
    sound.play(gradeOf(told.alarm))
    void sound.speak(`/api/alarms/${told.alarm.id}/speech`, text)
  }

  function start(): () => void {
    alarms.start()
    const off = alarms.onFresh(heard)
    timer = setInterval(() => {
      const worst = lamp.value
      if (worst && worst.grade <= 2 && !silenced.value) sound.play(gradeOf(worst))
    }, AGAIN)
    const quiet = watch(lamp, (now) => now || sound.hush())
    return () => {
      off()
      quiet()
      clearInterval(timer)
    }
  }

  const toggle = (): Promise<void> => (state.value === 'on' ? sound.disable() : sound.enable())
  function silence(): void {
    silenced.value = true
    sound.hush()
  }

  return { state, silenced, last, lamp, start, toggle, silence }
})
