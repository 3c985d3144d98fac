import { beforeEach, describe, expect, it } from 'vitest'
import { previewPath, Previews, type Clock } from '../src/lib/timeline/previews'

/** Time goes only when told to. */
class Hours implements Clock {
  private t = 0
  private timers: { at: number; what: () => void }[] = []
  now = () => this.t
  after(ms: number, what: () => void) {
    const timer = { at: this.t + ms, what }
    this.timers.push(timer)
    return () => void (this.timers = this.timers.filter((x) => x !== timer))
  }
  async pass(ms: number) {
    const until = this.t + ms
    for (;;) {
      const next = this.timers.filter((x) => x.at <= until).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.timers = this.timers.filter((x) => x !== next)
      this.t = Math.max(this.t, next.at)
      next.what()
      await settle()
    }
    this.t = until
    await settle()
  }
}
const settle = async () => {
  for (let i = 0; i < 5; i++) await Promise.resolve()
}

describe('previews', () => {
  let clock: Hours
  let asked: { path: string; signal: AbortSignal; answer: (p: string | null) => void }[]
  let shown: (string | null)[]
  let previews: Previews<string>

  beforeEach(() => {
    clock = new Hours()
    asked = []
    shown = []
    previews = new Previews<string>(
      (path, signal) =>
        new Promise((ok, no) => {
          asked.push({ path, signal, answer: (p) => (p === null ? no(new Error('404')) : ok(p)) })
          signal.addEventListener('abort', () => no(new Error('aborted')))
        }),
      (p) => shown.push(p),
      clock,
    )
  })

  it('asks at once, then for the newest only, and cancels the one before', async () => {
    previews.want('a')
    previews.want('b')
    previews.want('c')
    expect(asked.map((x) => x.path)).toEqual(['a'])
    await clock.pass(40)
    expect(asked.map((x) => x.path)).toEqual(['a', 'c'])
    expect(asked.map((x) => x.signal.aborted)).toEqual([true, false])
    asked[1]?.answer('C')
    await settle()
    expect(shown).toEqual(['C'])
  })
  it('throws away what comes after it was cancelled', async () => {
    const late: ((p: string) => void)[] = []
    const deaf = new Previews<string>(() => new Promise((ok) => late.push(ok)), (p) => shown.push(p), clock)
    deaf.want('a')
    await clock.pass(40)
    deaf.want('b')
    late[0]?.('A')
    await settle()
    expect(shown).toEqual([])
    late[1]?.('B')
    await settle()
    expect(shown).toEqual(['B'])
  })
  it('does not ask twice for the same', async () => {
    previews.want('a')
    asked[0]?.answer('A')
    await settle()
    previews.want('a')
    await clock.pass(1000)
    expect(asked).toHaveLength(1)
  })
  it('asks again after something else was wanted meanwhile', async () => {
    previews.want('a')
    asked[0]?.answer('A')
    await settle()
    await clock.pass(50)
    previews.want('b')
    previews.want('a') // back before b has come
    await clock.pass(1000)
    expect(asked.map((x) => x.path)).toEqual(['a', 'b', 'a'])
  })
  it('shows pictures while the pointer moves, on a slow link, too', async () => {
    let cancelled = 0
    const slow = new Previews<string>(
      (path, signal) =>
        new Promise((ok, no) => {
          const stop = clock.after(300, () => ok(path))
          signal.addEventListener('abort', () => (stop(), cancelled++, no(new Error('aborted'))))
        }),
      (p) => shown.push(p),
      clock,
    )
    for (let i = 0; i < 150; i++) { // three seconds
      slow.want(`p${i}`)
      await clock.pass(20)
    }
    expect(shown.length).toBeGreaterThanOrEqual(5)
    expect(cancelled).toBeLessThanOrEqual(4)
  })
  it('says that there is none', async () => {
    previews.want('a')
    asked[0]?.answer(null)
    await settle()
    expect(shown).toEqual([null])
  })
  it('leaves nothing behind', async () => {
    previews.want('a')
    previews.want('b')
    previews.leave()
    await clock.pass(1000)
    expect(asked.map((x) => [x.path, x.signal.aborted])).toEqual([['a', true]])
    expect(shown).toEqual([])
  })
})

describe('where a preview is', () => {
  it.each([
    ['3.12345', 0, 250, '3.12250'],
    ['3.12345', 12_300.5, 250, '3.12301'], // not before the span
    ['3.12345', 0, 1, '3.12345'],
    ['3.59999', 0, 30_000, '3.30000'],
  ])('%s, of a span from %d, by %d ms', (position, begin, round, at) => {
    expect(previewPath('cam', { time: 0, position, begin }, 320, round)).toBe(`/api/v1/preview.jpg?camera=cam&at=${at}&width=320`)
  })
})
