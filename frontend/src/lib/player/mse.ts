// One media element fed through one MediaSource. Both are kept for good; only
// a change of what kinds of track there are takes a new MediaSource, as the
// standard wants it, and a buffer that failed.

import { Append, type Events, type Range } from './append'

type Source = new () => MediaSource
interface Sources {
  ManagedMediaSource?: Source & { isTypeSupported(mime: string): boolean } // the only one of an iPhone
  MediaSource?: Source & { isTypeSupported(mime: string): boolean }
}

const sources = () => {
  const g = globalThis as unknown as Sources
  return g.MediaSource ?? g.ManagedMediaSource
}

/** plays: this browser takes such an init segment. */
export const plays = (mime: string): boolean => sources()?.isTypeSupported(mime) ?? false

/** kinds of a type: two codecs are two tracks, and MSE does not let their number change. */
const kinds = (mime: string) => `${mime.split(';')[0]} ${(mime.match(/,/g) ?? []).length}`

export class Mse {
  mime = ''
  #append: Append | null = null
  #held: ((a: Append) => void)[] = [] // until the source is open
  #turn = 0

  constructor(
    private readonly element: HTMLMediaElement,
    private readonly events: Events,
  ) {}

  get ready(): boolean {
    return this.mime !== ''
  }

  /** expect says what comes next. True: it took a new MediaSource, and the element shows nothing for a moment. */
  expect(gen: number, mime: string): boolean {
    if (mime === this.mime) return false
    const before = this.mime
    if (before && mime && kinds(before) === kinds(mime) && this.#append?.type(gen, mime)) {
      this.mime = mime
      return false
    }
    this.renew(mime)
    return before !== ''
  }

  /** renew begins with an empty MediaSource; without a type there is none. */
  renew(mime = this.mime) {
    const turn = ++this.#turn
    this.#append?.end()
    this.#append = null
    this.#held = []
    this.mime = mime
    const Kind = sources()
    if (!mime || !Kind) {
      this.element.removeAttribute('src')
      this.element.load()
      return
    }
    const source = new Kind()
    const url = URL.createObjectURL(source)
    source.addEventListener(
      'sourceopen',
      () => {
        URL.revokeObjectURL(url)
        if (turn !== this.#turn) return
        try {
          this.#append = new Append(source.addSourceBuffer(mime), this.events)
        } catch (e) {
          this.events.failed(e instanceof Error ? e.message : String(e))
          return
        }
        const held = this.#held
        this.#held = []
        for (const f of held) f(this.#append)
      },
      { once: true },
    )
    this.element.disableRemotePlayback = true // asked for by ManagedMediaSource
    this.element.src = url
  }

  with(f: (a: Append) => void) {
    if (this.#append) f(this.#append)
    else if (this.mime) this.#held.push(f)
  }

  ranges(hole?: number): Range[] {
    return this.#append?.ranges(hole) ?? []
  }

  around(t: number): Range | undefined {
    return this.#append?.around(t)
  }

  end() {
    this.renew('')
  }
}
