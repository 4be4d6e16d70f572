/** Work on many things that no frame has to wait for: a slice of them in each task of its own. */
export class Slices<T> {
  private readonly waiting: Iterator<T>[] = []
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly work: (slice: T[]) => void,
    private readonly size = 200,
  ) {}

  add(items: Iterable<T>): void {
    this.waiting.push(items[Symbol.iterator]())
    this.timer ??= setTimeout(() => this.run())
  }

  private run(): void {
    const slice: T[] = []
    while (slice.length < this.size && this.waiting[0]) {
      const next = this.waiting[0].next()
      if (next.done) this.waiting.shift()
      else slice.push(next.value)
    }
    this.timer = this.waiting.length > 0 ? setTimeout(() => this.run()) : undefined
    this.work(slice)
  }

  stop(): void {
    clearTimeout(this.timer)
    this.waiting.length = 0
  }
}
