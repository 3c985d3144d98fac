import { describe, expect, it } from 'vitest'
import type { Gap } from '../src/lib/api'
import { filePath, livePath, shown, type Caption } from '../src/lib/captions'
import { around } from '../src/lib/range'
import { changed, say } from '../src/lib/recognition'
import { joined, rows, within } from '../src/lib/rows'
import { flow, languageName, pieces, typed } from '../src/lib/text'
import { FakeRecorder } from './fake'

const epoch = Date.parse('2026-11-24T23:59:50Z')
const r = new FakeRecorder(epoch, epoch + 60_000)

describe('text', () => {
  it.each([
    ['오늘\n날씨', 'ko', '오늘 날씨'],
    ['今天的天氣，\n我們', 'zh-TW', '今天的天氣，我們'],
    ['今日は\nいい', 'ja', '今日はいい'],
    ['one \n two', 'en', 'one two'],
  ])('%j in %s is one line', (text, language, line) => expect(flow(text, language)).toBe(line))

  it.each<[string, [number, number][], string]>([
    ['abc def', [[4, 7]], 'abc [def]'],
    ['abc def', [[4, 7], [0, 3]], '[abc] [def]'],
    ['abcdef', [[0, 3], [2, 5]], '[abcde]f'], // overlapping
    ['abc', [], 'abc'],
    ['abc', [[-4, 2], [2, 99]], '[abc]'], // beyond the text
    ['abc', [[2, 1], [NaN, 2]], 'abc'], // no range at all
    ['😀날씨', [[2, 4]], '😀[날씨]'], // two units of UTF-16 stand before it
  ])('%j with %j marked', (text, matches, want) => {
    const got = pieces(text, matches.map(([from, to]) => ({ from, to })))
    expect(got.map((p) => (p.hit ? `[${p.text}]` : p.text)).join('')).toBe(want)
  })

  it('names languages', () => {
    expect(languageName('ko')).toBe('Korean')
    expect(languageName('zh-TW')).toBe('Traditional Chinese')
    expect(languageName('und')).toBe('unknown language')
    expect(languageName('no such!')).toBe('no such!')
  })

  it('tells what is to be typed', () => {
    expect(typed('run `a b`, then')).toEqual([
      { text: 'run ', code: false },
      { text: 'a b', code: true },
      { text: ', then', code: false },
    ])
    expect(typed('no quotes')).toEqual([{ text: 'no quotes', code: false }])
  })
})

describe('how recognition fares', () => {
  const model = 'vosk-model-small-ko-0.22'
  it.each([
    ['listening', {}, `Listening to Korean with ${model}`],
    ['listening', { pending_seconds: 90, off_seconds: 3600 }, `Listening to Korean with ${model} · 1 min 30 s of sound still to be captioned · 1 h recorded while it was off`],
    ['behind', { behind_seconds: 12 }, 'Listening to Korean, 12 s behind and catching up'],
    ['off', { model: '' }, 'Recognition of Korean is off'],
    ['off', { language: 'und', off_seconds: 60 }, 'Recognition is off · 1 min recorded while it was off'],
    ['no model', { language: 'und', problem: 'no speech model: add one with `hindsight model add FILE.zip`' }, 'No captions: no speech model: add one with `hindsight model add FILE.zip`'],
    ['no model', { problem: '' }, 'No captions: there is no speech model; add one with `hindsight model add FILE.zip`'],
    ['too hot', { problem: 'the machine has 85 °C' }, 'Recognition of Korean rests while the machine is too hot: the machine has 85 °C'],
    ['no memory', { problem: '300 MB are wanted' }, 'No captions in Korean for want of memory: 300 MB are wanted'],
    ['no sound', {}, 'No captions: the camera has no sound'],
    ['starting', {}, 'Starting to listen to Korean'],
    ['waiting', { problem: 'the recogniser ended' }, 'Recognition of Korean waits after a fault: the recogniser ended'],
    ['dreaming', {}, 'Recognition of Korean: dreaming'], // of a recorder to come
  ])('%s %j', (state, more, want) => {
    const said = say(r.hearing(state, more))
    expect([said.text, ...said.notes].join(' · ')).toBe(want)
  })

  it('sends only what was changed', () => {
    const now = { ...r.settings, phrases: ['날씨'], order: 'oldest' }
    expect(changed(r.settings, now)).toEqual({ phrases: ['날씨'], order: 'oldest' })
    expect(changed(r.settings, { ...r.settings })).toBeNull()
  })
})

describe('the lines of a transcript', () => {
  const gap = (from: number, until: number | null, kind: Gap['kind'], reason: string): Gap => ({ kind, from: r.place(from), until: until === null ? null : r.place(until), reason, detail: '' })
  const text = (captions: Caption[], gaps: Gap[] = [], stretches = [] as Parameters<typeof rows>[2]) =>
    rows(captions, gaps, stretches, new Date(r.now).toISOString()).map((row) => (row.kind === 'caption' ? row.caption.text : `${row.kind}: ${row.text}`))

  it('has a new day, gaps and what is not captioned, in their order', () => {
    const lines = text(
      [r.caption(1000, 'one'), r.caption(20_000, 'two'), r.caption(41_000, 'three')],
      [gap(5000, 8000, 'audio', 'microphone lost'), gap(25_000, 40_000, 'all', 'crash'), gap(2000, 4000, 'video', 'frozen'), gap(50_000, null, 'all', 'off'), gap(9000, 9900, 'all', 'suspended')],
      [r.stretch('off', r.place(9000), r.place(12_000), 'und'), r.stretch('pending', r.place(42_000), r.place(46_000), 'ko', 'behind'), r.stretch('done', r.place(0), r.place(9000))],
    )
    expect(lines).toEqual([
      'day: Tuesday, 24 November 2026',
      'one',
      'gap: No sound for 3 s: microphone lost',
      'off: 23:59:59 to 00:00:02 · Recognition was off',
      'day: Wednesday, 25 November 2026',
      'two',
      'gap: Nothing recorded for 15 s: sudden stop',
      'three',
      'pending: 00:00:32 to 00:00:36 (Korean) · Still to be captioned: behind',
      'gap: Nothing recorded for 10 s: switched off, until now',
    ])
  })

  it('has the gaps of its stretch, as they are now', () => {
    const captions = [r.caption(10_000, 'first'), r.caption(20_000, 'last')]
    const known = [gap(0, 9000, 'all', 'before'), gap(5000, 10_500, 'all', 'into it'), gap(15_000, null, 'audio', 'lasted then'), gap(30_000, 31_000, 'all', 'behind')]
    const recent = [gap(15_000, 16_000, 'audio', 'over now')]
    const names = (live: boolean) => within(known, recent, captions, live).map((g) => g.reason)
    expect(names(false)).toEqual(['into it', 'over now'])
    expect(names(true)).toEqual(['into it', 'over now', 'behind'])
    expect(within(known, [], [], true)).toHaveLength(4)
  })

  it('joins stretches that touch', () => {
    const p = (ms: number, run = 1) => r.place(ms, run)
    const got = joined([
      r.stretch('off', p(3000), p(4000)),
      r.stretch('off', p(0), p(2500)),
      r.stretch('off', p(6000), p(7000)),
      r.stretch('pending', p(4000), p(5000)),
      r.stretch('off', p(7000, 2), p(8000, 2)),
    ])
    expect(got.map((s) => [s.state, s.from.position, s.until.position])).toEqual([
      ['off', '1.0', '1.4000'],
      ['pending', '1.4000', '1.5000'],
      ['off', '1.6000', '1.7000'],
      ['off', '2.7000', '2.8000'],
    ])
  })

  it('shows of several models what a person changed, else what came last', () => {
    const big = { name: 'big', hash: 'ff' }
    const a = r.caption(1000, 'a')
    const b = r.caption(4000, 'b', { editor: 'a person', original: 'x' })
    const other = r.caption(4500, 'other language', { language: 'en' })
    const a2 = r.caption(1500, 'a, better', { model: big })
    const b2 = r.caption(4500, 'b, later', { model: big })
    expect(shown([a, a2, b, other, b2]).map((c) => c.text)).toEqual(['a, better', 'b', 'other language'])
  })
})

describe('addresses', () => {
  const from = new Date('2026-11-24T10:00:00Z')
  const to = new Date('2026-11-24T10:01:00Z')
  const range = 'camera=cam&from=2026-11-24T10%3A00%3A00.000Z&to=2026-11-24T10%3A01%3A00.000Z'
  it('of files', () => {
    expect(filePath('cam', 'vtt', from, to)).toBe(`/api/v1/captions.vtt?${range}`)
    expect(filePath('cam', 'srt', from, to, 'zh-TW')).toBe(`/api/v1/captions.srt?${range}&language=zh-TW`)
    expect(filePath('cam', 'txt', from, to)).toBe(`/api/v1/captions.txt?${range}&zone=%2B00%3A00`)
  })
  it('of what is said now', () => {
    expect(livePath('cam')).toBe('/api/v1/captions/live?camera=cam')
    expect(livePath('cam', 12)).toBe('/api/v1/captions/live?camera=cam&since=12')
  })
  it('half a minute around a caption, longer for a long one', () => {
    const t = (s: number) => new Date(from.getTime() + s * 1000)
    expect(around(t(20), t(22))).toEqual({ from: t(6), to: t(36) })
    expect(around(t(20), t(80))).toEqual({ from: t(20), to: t(80) })
  })
})
