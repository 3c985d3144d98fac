import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Append, type Buffer } from '../src/lib/player/append'

/** FakeBuffer says of each payload where it lies: its first two bytes, in tenths of a second. */
class FakeBuffer implements Buffer {
  updating = false
  done: string[] = []
  list: [number, number][] = []
  room = Infinity // seconds
  broken = false
  #listeners: Record<string, (() => void)[]> = { updateend: [], error: [] }

  get buffered(): TimeRanges {
    const list = this.list
    return { length: list.length, start: (i: number) => list[i]?.[0] ?? NaN, end: (i: number) => list[i]?.[1] ?? NaN }
  }

  appendBuffer(data: BufferSource) {
    if (this.updating) throw new DOMException('busy', 'InvalidStateError')
    if (this.broken) throw new DOMException('gone', 'InvalidStateError')
    const [from = 0, until = 0] = new Uint8Array(data as ArrayBuffer)
    const held = this.list.reduce((n, [a, b]) => n + b - a, 0)
    if (held + (until - from) / 10 > this.room) throw new DOMException('full', 'QuotaExceededError')
    this.updating = true
    this.done.push(`append ${from / 10}-${until / 10}`)
    if (until > from) this.#add(from / 10, until / 10)
  }

  remove(start: number, end: number) {
    if (this.updating) throw new DOMException('busy', 'InvalidStateError')
    this.updating = true
    this.done.push(`remove ${start}-${end}`)
    this.list = this.list.flatMap(([a, b]): [number, number][] => [[a, Math.min(b, start)] as [number, number], [Math.max(a, end), b] as [number, number]].filter(([x, y]) => y > x))
  }

  changeType(mime: string) {
    this.done.push(`type ${mime}`)
  }

  addEventListener(type: string, f: () => void) {
    this.#listeners[type]?.push(f)
  }

  removeEventListener(type: string, f: () => void) {
    this.#listeners[type] = (this.#listeners[type] ?? []).filter((g) => g !== f)
  }

  /** finish lets the browser come to the end of what it does. */
  finish() {
    this.updating = false
    for (const f of this.#listeners.updateend ?? []) f()
  }

  all() {
    for (let i = 0; i < 50 && this.updating; i++) this.finish()
  }

  fail() {
    for (const f of this.#listeners.error ?? []) f()
  }

  #add(from: number, until: number) {
    const touching = this.list.find(([a, b]) => from <= b && until >= a)
    if (touching) [touching[0], touching[1]] = [Math.min(touching[0], from), Math.max(touching[1], until)]
    else this.list = [...this.list, [from, until] as [number, number]].sort((x, y) => x[0] - y[0])
  }
}

let buffer: FakeBuffer
let failed: string[]
let place: number
let queue: Append
const changed = vi.fn()
const piece = (from: number, until: number) => new Uint8Array([from * 10, until * 10])

beforeEach(() => {
  buffer = new FakeBuffer()
  failed = []
  place = 0
  changed.mockClear()
  queue = new Append(buffer, { changed, failed: (why) => failed.push(why), place: () => place })
})

describe('the queue', () => {
  it('does one thing at a time, in order', () => {
    queue.init(1, piece(0, 0))
    queue.media(1, piece(0, 1))
    queue.media(1, piece(1, 2))
    expect(buffer.done).toEqual(['append 0-0'])
    buffer.finish()
    expect(buffer.done).toEqual(['append 0-0', 'append 0-1'])
    buffer.all()
    expect(queue.ranges()).toEqual([{ from: 0, until: 2 }])
    expect(changed).toHaveBeenCalledTimes(3)
    expect(queue.waiting).toBe(0)
  })

  it('throws away what belongs to an older generation, and never what it is doing', () => {
    queue.media(1, piece(0, 1))
    queue.media(1, piece(1, 2))
    queue.since(2)
    queue.media(2, piece(5, 6))
    buffer.all()
    expect(buffer.done).toEqual(['append 0-1', 'append 5-6'])
  })

  it('empties nothing before a seek, and what is old afterwards', () => {
    queue.media(1, piece(0, 4))
    queue.media(2, piece(10, 12))
    buffer.all()
    expect(buffer.done.filter((d) => d.startsWith('remove'))).toEqual([])
    queue.keep({ from: 10, until: Infinity })
    buffer.all()
    expect(buffer.done.at(-1)).toBe('remove 0-4')
    expect(queue.ranges()).toEqual([{ from: 10, until: 12 }])
  })

  it('keeps the middle of a range', () => {
    queue.media(1, piece(0, 20))
    buffer.all()
    queue.keep({ from: 5, until: 9 })
    buffer.all()
    expect(queue.ranges()).toEqual([{ from: 5, until: 9 }])
    expect(queue.around(9.1)).toEqual({ from: 5, until: 9 })
    expect(queue.around(9.5)).toBeUndefined()
  })

  it('changes the type between two pieces', () => {
    queue.media(1, piece(0, 1))
    expect(queue.type(2, 'video/mp4; codecs="avc1.64001F"')).toBe(true)
    queue.init(2, piece(0, 0))
    buffer.all()
    expect(buffer.done).toEqual(['append 0-1', 'type video/mp4; codecs="avc1.64001F"', 'append 0-0'])
  })

  it('makes room behind the picture when there is none, and appends again', () => {
    buffer.room = 10
    queue.media(1, piece(0, 10))
    buffer.all()
    place = 8
    queue.media(1, piece(10, 12))
    buffer.all()
    expect(buffer.done).toEqual(['append 0-10', 'remove 0-6', 'append 10-12'])
    expect(failed).toEqual([])
  })

  it('gives up, with a reason, where no room can be made', () => {
    buffer.room = 1
    queue.media(1, piece(0, 2))
    expect(failed).toEqual(['the browser has no room for this'])
    queue.media(1, piece(0, 1))
    expect(buffer.done).toEqual([])
  })

  it('fails once, and does nothing more', () => {
    queue.media(1, piece(0, 1))
    buffer.fail()
    buffer.finish()
    buffer.broken = true
    queue.media(1, piece(1, 2))
    expect(failed).toHaveLength(1)
    expect(buffer.done).toEqual(['append 0-1'])
  })

  it('hears nothing of a buffer that was given up', () => {
    queue.media(1, piece(0, 1))
    queue.end()
    buffer.finish()
    expect(changed).not.toHaveBeenCalled()
  })
})
