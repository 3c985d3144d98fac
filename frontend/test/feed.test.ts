import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { follow, type Listener } from '../src/lib/feed'
import { FakeEventSource, FakeRecorder } from './fake'

let recorder: FakeRecorder
let leave: (() => void)[]
let hidden: boolean

beforeEach(() => {
  recorder = new FakeRecorder(0, 0)
  FakeEventSource.recorder = recorder
  FakeEventSource.opened = []
  leave = []
  hidden = false
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', FakeEventSource)
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })
})

afterEach(() => {
  for (const f of leave) f()
  Reflect.deleteProperty(document, 'hidden')
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function listener() {
  const l = { catchUp: vi.fn(), connected: vi.fn(), partial: vi.fn(), final: vi.fn(), edited: vi.fn(), deleted: vi.fn() } satisfies Listener
  leave.push(follow('cam', l))
  return l
}
const opened = () => FakeEventSource.opened.map((s) => s.url.replace('/api/v1/captions/live?camera=cam', ''))
const last = () => FakeEventSource.opened.at(-1) as FakeEventSource
const see = (yes: boolean) => {
  hidden = !yes
  document.dispatchEvent(new Event('visibilitychange'))
}

describe('the feed', () => {
  it('tries again ever later, and from the last caption on', async () => {
    const l = listener()
    await vi.advanceTimersByTimeAsync(0)
    expect(l.connected).toHaveBeenLastCalledWith(true)
    const c = recorder.caption(0, 'one')
    recorder.keep(c)
    expect(l.final).toHaveBeenCalledWith(c)
    for (const wait of [1000, 2000, 4000, 8000, 15_000, 15_000]) {
      const before = opened().length
      last().fail()
      expect(l.connected).toHaveBeenLastCalledWith(false)
      await vi.advanceTimersByTimeAsync(wait - 1)
      expect(opened()).toHaveLength(before)
      vi.advanceTimersByTime(1) // the new one fails before it has opened
      expect(opened()).toHaveLength(before + 1)
    }
    expect(opened().slice(1)).toEqual(Array.from({ length: 6 }, () => `&since=${c.id}`))
  })

  it('holds no connection while the page is hidden', async () => {
    const l = listener()
    await vi.advanceTimersByTimeAsync(0)
    see(false)
    expect(last().closed).toBe(true)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(opened()).toHaveLength(1)
    see(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(opened()).toHaveLength(2)
    expect(l.catchUp).toHaveBeenCalledTimes(2)
  })

  it('leaves connections to the rest of the page: further cameras are asked now and then', async () => {
    const all = [listener(), listener(), listener(), listener()]
    await vi.advanceTimersByTimeAsync(0)
    expect(opened()).toHaveLength(3)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(all[3]?.catchUp).toHaveBeenCalledTimes(3)
    expect(all[0]?.catchUp).toHaveBeenCalledTimes(1)
    leave.shift()?.()
    await vi.advanceTimersByTimeAsync(5000)
    expect(opened()).toHaveLength(4) // its turn has come
  })

  it('passes over what it cannot read', async () => {
    const l = listener()
    await vi.advanceTimersByTimeAsync(0)
    last().receive('final', '{"id":')
    last().receive('unheard of', '{}')
    last().receive('missed', '7')
    expect(l.final).not.toHaveBeenCalled()
    expect(l.catchUp).toHaveBeenCalledTimes(2)
  })
})
