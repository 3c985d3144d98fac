import { describe, expect, it } from 'vitest'
import type { Status } from '../src/lib/api'
import type { Caption } from '../src/lib/captions'
import { condition } from '../src/lib/condition'
import { asked, linkTo, playerAddress } from '../src/lib/link'
import { at, beside, standing, wordsOf } from '../src/lib/overlay'
import { FakeRecorder } from './fake'

const r = new FakeRecorder(Date.parse('2026-11-24T10:00:00Z'), 0)
const one = r.caption(10_000, 'one', { seconds: 2 })
const two = r.caption(15_000, 'two', { seconds: 2 })
const other = r.caption(15_500, '셋', { seconds: 2, language: 'en' })
const late = r.caption(3000, 'next run', { run: 2 })
const all = [one, two, other, late]
const texts = (position: string, live = false, partials: Caption[] = [], language = '') => standing(all, partials, at(position), live, language).map((s) => (s.partial ? `(${s.caption.text})` : s.caption.text))

describe('captions over the picture', () => {
  it.each([
    ['1.9999', []],
    ['1.10000', ['one']],
    ['1.12500', ['one']],
    ['1.12700', []],
    ['1.15200', ['two']],
    ['1.16000', ['셋', 'two']],
    ['2.3500', ['next run']],
    ['3.3500', []],
  ])('at %s stand %j', (position, want) => expect(texts(position)).toEqual(want))

  it('stay longer where it is live, for they come late', () => {
    expect([texts('1.14900', true), texts('1.14900', false)]).toEqual([['one'], []])
  })

  it('give way to what is being said', () => {
    const partial = { ...r.caption(20_000, 'being said'), id: 0 }
    expect(texts('1.19500', true, [partial])).toEqual(['셋', '(being said)'])
    expect(texts('1.19500', false, [partial])).toEqual([])
    expect(texts('1.40000', true, [partial])).toEqual([])
  })

  it('are of one language if that is wanted', () => expect(texts('1.16000', false, [], 'en')).toEqual(['셋']))

  it('have one before and one behind', () => {
    const say = (position: string, forward: boolean) => beside(all, at(position), forward)?.text
    expect([say('1.12000', true), say('1.15000', true), say('2.5000', true)]).toEqual(['two', '셋', undefined])
    expect([say('1.10500', false), say('1.11500', false), say('1.15200', false), say('2.3100', false)]).toEqual([undefined, 'one', 'one', '셋'])
  })

  it('mark the words that were hard to hear, in their place', () => {
    const word = (text: string, confidence: number, ms: number) => ({ text, confidence, start: r.place(ms), end: r.place(ms + 100) })
    const c = r.caption(0, 'the cat, the hat', { words: [word('the', 0.9, 0), word('cat', 0.3, 200), word('the', 0.4, 400), word('gone', 0.1, 500), word('hat', 1, 600)] })
    expect(wordsOf(c)).toEqual([
      { text: 'the', unsure: false, position: '1.0' },
      { text: ' ', unsure: false, position: '' },
      { text: 'cat', unsure: true, position: '1.200' },
      { text: ', ', unsure: false, position: '' },
      { text: 'the', unsure: true, position: '1.400' },
      { text: ' ', unsure: false, position: '' },
      { text: 'hat', unsure: false, position: '1.600' },
    ])
    expect(wordsOf({ ...c, editor: 'a person' })).toEqual([{ text: 'the cat, the hat', unsure: false, position: '' }])
    expect(wordsOf(r.caption(0, 'plain'))).toEqual([{ text: 'plain', unsure: false, position: '' }])
  })
})

describe('addresses', () => {
  it.each([
    ['?camera=cam&at=3.12500', { camera: 'cam', at: { position: '3.12500' }, kiosk: false }],
    ['?at=2026-11-24T10:15:00Z', { camera: '', at: { time: new Date('2026-11-24T10:15:00Z') }, kiosk: false }],
    ['?kiosk', { camera: '', at: null, kiosk: true }],
    ['', { camera: '', at: null, kiosk: false }],
    ['?at=3', { camera: '', at: null, kiosk: false }],
    ['?at=<img>', { camera: '', at: null, kiosk: false }],
    ['?at=2026-99-99T00:00:00Z', { camera: '', at: null, kiosk: false }],
  ])('%s', (search, want) => expect(asked(search)).toEqual(want))

  it('lead to a moment and back', () => {
    const link = linkTo('http://pi:8080/?kiosk#x', 'cam', '3.12500')
    expect(link).toBe('http://pi:8080/?camera=cam&at=3.12500')
    expect(asked(new URL(link).search).at).toEqual({ position: '3.12500' })
    expect([playerAddress('http://pi:8080/?x', 'a&b'), playerAddress('https://pi/', 'cam')]).toEqual(['ws://pi:8080/api/v1/player?camera=a%26b', 'wss://pi/api/v1/player?camera=cam'])
  })
})

describe('the status line', () => {
  const well = {
    connection: 'open' as const,
    shown: { recorded: 1, time: new Date(0), position: '1.1', trusted: true },
    seeking: false,
    starved: false,
    paused: false,
    recording: true,
    frozen: false,
    live: true,
    picture: 'full' as const,
    why: '',
    holes: {},
    tracks: null,
    foreign: false,
    edge: { recorded: 1, position: '1.1', time: '2026-11-24T10:00:00Z', trusted: true },
  }
  const status = { clock_trusted: true, disk: { path: '/', total_bytes: 100e9, free_bytes: 50e9, reserve_bytes: 3e9 } } as Status
  const say = (with_: Partial<Parameters<typeof condition>[0]>, s: Status | null = status) => condition({ ...well, ...with_ }, s, null, (x) => x, String).key

  it.each([
    [{}, 'status.well'],
    [{ connection: 'lost' as const, frozen: true }, 'status.lost'],
    [{ seeking: true }, 'status.seeking'],
    [{ starved: true }, 'status.starved'],
    [{ starved: true, paused: true }, 'status.well'],
    [{ recording: false }, 'status.notRecording'],
    [{ frozen: true }, 'status.frozen'],
    [{ picture: 'keys' as const, why: 'slow link' }, 'status.keysLink'],
    [{ picture: 'keys' as const, why: 'rate' }, 'status.keysRate'],
    [{ holes: { audio: 'microphone lost' } }, 'status.noSound'],
    [{ holes: { video: 'camera lost', audio: 'microphone lost' } }, 'status.noPicture'],
    [{ foreign: true }, 'status.foreign'],
  ])('%j is %s', (facts, key) => expect(say(facts)).toBe(key))

  it('knows of the machine, too', () => {
    expect(say({}, { ...status, clock_trusted: false })).toBe('status.clock')
    expect(say({}, { ...status, disk: { ...status.disk, free_bytes: 1e9 } })).toBe('status.disk')
    expect(say({}, null)).toBe('status.well')
  })
})
