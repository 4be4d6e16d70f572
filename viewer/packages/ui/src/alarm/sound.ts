import type { RiskLevel } from '../tokens'

export type SoundState = 'off' | 'on' | 'blocked'

/** Tones by grade after IEC 60601-1-8's idea: the graver, the higher, faster and longer. Hz and seconds. */
export const TONES: Record<RiskLevel, readonly { hz: number; at: number; s: number }[]> = {
  1: [0, 0.18, 0.36, 0.62, 0.8].map((at, i) => ({ hz: i < 3 ? 988 : 1319, at, s: 0.14 })),
  2: [0, 0.28, 0.56].map((at) => ({ hz: 784, at, s: 0.2 })),
  3: [0, 0.35].map((at) => ({ hz: 587, at, s: 0.22 })),
  4: [{ hz: 440, at: 0, s: 0.25 }],
}
/** More new alarms in one batch than this are one announcement with their number. */
export const FLOOD = 3

/** What to say of new alarms, the gravest first: the title of one, or the number and the gravest. */
export function announcement<A extends { id: string }>(fresh: readonly A[]): { alarm: A; more: number } | undefined {
  const [alarm] = fresh
  if (!alarm) return undefined
  return { alarm, more: fresh.length > FLOOD ? fresh.length - 1 : 0 }
}

/** Sound of this computer. Browsers give it only after a click, and take it back on a reload. */
export class Sound {
  private context: AudioContext | undefined
  private busyUntil = 0
  private speaking: AudioBufferSourceNode | undefined

  constructor(private readonly changed: (state: SoundState) => void) {}

  /** From a click. */
  async enable(): Promise<void> {
    this.context ??= new AudioContext()
    this.context.onstatechange = () => this.tell()
    await this.context.resume().catch(() => undefined)
    this.tell()
    if (this.state === 'on') this.play(4) // heard is believed
  }

  async disable(): Promise<void> {
    const context = this.context
    this.context = undefined
    this.hush()
    await context?.close().catch(() => undefined)
    this.changed('off')
  }

  get state(): SoundState {
    if (!this.context || this.context.state === 'closed') return 'off'
    return this.context.state === 'running' ? 'on' : 'blocked'
  }

  private tell(): void {
    this.changed(this.state)
  }

  play(grade: RiskLevel): void {
    const context = this.context
    if (!context || context.state !== 'running' || context.currentTime < this.busyUntil) return
    const start = context.currentTime + 0.02
    for (const { hz, at, s } of TONES[grade]) {
      const [tone, gain] = [context.createOscillator(), context.createGain()]
      tone.frequency.value = hz
      tone.type = grade <= 2 ? 'square' : 'sine'
      const loud = grade <= 2 ? 0.16 : 0.25
      gain.gain.setValueAtTime(0, start + at)
      gain.gain.linearRampToValueAtTime(loud, start + at + 0.015)
      gain.gain.setValueAtTime(loud, start + at + s - 0.03)
      gain.gain.linearRampToValueAtTime(0, start + at + s)
      tone.connect(gain).connect(context.destination)
      tone.start(start + at)
      tone.stop(start + at + s)
    }
    const last = TONES[grade].at(-1)
    this.busyUntil = start + (last ? last.at + last.s : 0)
  }

  /** The server's Mandarin where it has a voice, so that the wording is the same everywhere; else the browser's. */
  async speak(url: string, text: string): Promise<void> {
    const context = this.context
    if (!context || context.state !== 'running') return
    this.hush()
    try {
      const answer = await fetch(url, { credentials: 'same-origin' })
      if (!answer.ok || !answer.headers.get('content-type')?.startsWith('audio/')) throw new Error('no voice')
      const node = context.createBufferSource()
      node.buffer = await context.decodeAudioData(await answer.arrayBuffer())
      node.connect(context.destination)
      node.start(Math.max(context.currentTime, this.busyUntil + 0.1))
      this.speaking = node
    } catch {
      this.say(text)
    }
  }

  private say(text: string): void {
    if (this.state !== 'on' || typeof speechSynthesis === 'undefined') return
    const words = new SpeechSynthesisUtterance(text)
    words.lang = 'zh-CN'
    speechSynthesis.cancel()
    speechSynthesis.speak(words)
  }

  hush(): void {
    this.speaking?.stop()
    this.speaking = undefined
    if (typeof speechSynthesis !== 'undefined') speechSynthesis.cancel()
  }
}
