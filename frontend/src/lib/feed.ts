// What is said now, as the recorder sends it. A broken connection is made again
// and goes on behind the last caption that came.

import { livePath, type Caption, type Gone } from './captions'

export interface Listener {
  /** catchUp is called when things may have been missed: it asks for what there is. */
  catchUp(): void
  connected(yes: boolean): void
  partial(c: Caption): void
  final(c: Caption): void
  edited(c: Caption): void
  deleted(g: Gone): void
}

// Browsers open six connections to a recorder and let all else wait, so that
// with many cameras the rest asks now and then instead.
const streams = 3
let open = 0

const first = 1000 // ms until the first new try; each later one waits twice as long
const longest = 15_000
const between = 5000 // ms from one question to the next where no stream is free

/** follow tells l what is said until the result is called. Nothing comes while the page is hidden. */
export function follow(camera: string, l: Listener): () => void {
  let source: EventSource | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let tries = 0
  let since = 0
  let ended = false

  function close() {
    clearTimeout(timer)
    if (source) open--
    source?.close()
    source = null
  }

  function start() {
    if (ended || document.hidden || source) return
    clearTimeout(timer)
    if (open >= streams) {
      l.catchUp()
      l.connected(true)
      timer = setTimeout(start, between)
      return
    }
    open++
    const s = (source = new EventSource(livePath(camera, since)))
    s.onopen = () => {
      tries = 0
      l.connected(true)
      l.catchUp()
    }
    s.onerror = () => {
      close()
      l.connected(false)
      l.catchUp()
      if (!ended) timer = setTimeout(start, Math.min(longest, first * 2 ** tries++))
    }
    const on = <T>(name: string, f: (data: T) => void) =>
      s.addEventListener(name, (e) => {
        const data = parse<T>((e as MessageEvent<string>).data)
        if (data !== null) f(data)
      })
    on<Caption>('partial', (c) => l.partial(c))
    on<Caption>('final', (c) => {
      since = Math.max(since, c.id)
      l.final(c)
    })
    on<Caption>('edited', (c) => l.edited(c))
    on<Gone>('deleted', (g) => l.deleted(g))
    on<number>('missed', () => l.catchUp())
  }

  function seen() {
    if (document.hidden) close()
    else start()
  }
  document.addEventListener('visibilitychange', seen)
  start()
  return () => {
    ended = true
    close()
    document.removeEventListener('visibilitychange', seen)
  }
}

function parse<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T
  } catch {
    return null
  }
}
