import { describe, expect, it } from 'vitest'
import { parse, unpack } from '../src/lib/player/wire'

const point = { recorded: 12.5, position: '3.12500', time: '2026-11-24T10:15:00.25Z', trusted: true }
const gap = { kind: 'all', reason: 'camera lost', detail: 'unplugged', seconds: 12.5, from: '2026-11-24T10:14:00Z', until: '2026-11-24T10:14:12.5Z' }

describe('messages of the recorder', () => {
  it.each([
    [{ is: 'hello', protocol: 1, camera: 'cam', length: 86400.5, oldest: point, foreign: false }, { is: 'hello', camera: 'cam', length: 86400.5, oldest: point, foreign: false }],
    [{ is: 'hello', protocol: 1, camera: 'cam', length: 0, oldest: null, more: { to: 'come' } }, { is: 'hello', camera: 'cam', length: 0, oldest: null, foreign: false }],
    [{ is: 'landed', gen: 3, point, asked: point, gap, live: false, rate: 8 }, { is: 'landed', gen: 3, point, asked: point, gap, live: false, rate: 8 }],
    [
      { is: 'tracks', gen: 3, video: { codec: 'mjpeg', width: 640, height: 480, mode: 'jpeg' }, audio: { codec: 'pcma', rate: 8000, channels: 1, playable: false }, mime: '' },
      { is: 'tracks', gen: 3, video: { codec: 'mjpeg', width: 640, height: 480, mode: 'jpeg' }, audio: { codec: 'pcma', rate: 8000, channels: 1, playable: false }, mime: '' },
    ],
    [{ is: 'tracks', gen: 0, video: null, audio: null, mime: '' }, { is: 'tracks', gen: 0, video: null, audio: null, mime: '' }],
    [{ is: 'jump', gen: 3, point, gap: null }, { is: 'jump', gen: 3, point, gap: null }],
    [{ is: 'edge', point, recording: true, frozen: false }, { is: 'edge', point, recording: true, frozen: false }],
    [
      { is: 'state', gen: 3, live: true, picture: 'keys', why: 'slow link', filled: { video: 0, audio: 1.2 }, holes: { audio: 'microphone lost' } },
      { is: 'state', gen: 3, live: true, picture: 'keys', why: 'slow link', filled: { video: 0, audio: 1.2 }, holes: { audio: 'microphone lost' } },
    ],
    [{ is: 'end', gen: 3, why: 'beginning' }, { is: 'end', gen: 3, why: 'beginning' }],
    [{ is: 'error', text: 'no', fatal: true }, { is: 'error', text: 'no', fatal: true }],
  ])('reads %j', (sent, want) => expect(parse(JSON.stringify(sent))).toEqual(want))

  it.each([
    '',
    'null',
    '[]',
    '3',
    '"edge"',
    '{',
    '{"is":"toString"}',
    '{"is":"__proto__"}',
    '{"is":"nothing we know"}',
    '{"is":"hello","protocol":2,"length":1}',
    '{"is":"hello","protocol":1,"length":"long"}',
    '{"is":"landed","gen":-1}',
    '{"is":"edge","point":{"recorded":1,"position":"x","time":"2026-11-24T10:15:00Z"}}',
    '{"is":"edge","point":{"recorded":1,"position":"3.1","time":"yesterday"}}',
    '{"is":"jump","gen":1.5,"point":null}',
    '{"is":"tracks","gen":4294967296}',
  ])('leaves out %s', (text) => expect(parse(text)).toBeNull())
})

function pack(kind: number, gen: number, header: string | Uint8Array, payload = [1, 2, 3], length?: number): ArrayBuffer {
  const h = typeof header === 'string' ? new TextEncoder().encode(header) : header
  const out = new Uint8Array(7 + h.length + payload.length)
  const view = new DataView(out.buffer)
  view.setUint8(0, kind)
  view.setUint32(1, gen)
  view.setUint16(5, length ?? h.length)
  out.set(h, 7)
  out.set(payload, 7 + h.length)
  return out.buffer
}

describe('binary messages', () => {
  it('reads the three kinds', () => {
    expect(unpack(pack(1, 0xfffffffe, '{}'))).toEqual({ kind: 'init', gen: 0xfffffffe, data: new Uint8Array([1, 2, 3]) })
    expect(unpack(pack(2, 7, '{"from":12.5,"until":12.6,"key":true,"frames":[12.5,12.566,12.533]}'))).toEqual({
      kind: 'media',
      gen: 7,
      from: 12.5,
      until: 12.6,
      key: true,
      frames: [12.5, 12.533, 12.566],
      data: new Uint8Array([1, 2, 3]),
    })
    expect(unpack(pack(3, 7, '{"at":12.5}', [255, 216]))).toEqual({ kind: 'jpeg', gen: 7, at: 12.5, data: new Uint8Array([255, 216]) })
  })

  it.each([
    ['nothing', new ArrayBuffer(0)],
    ['half a head', new ArrayBuffer(6)],
    ['a header longer than all', pack(2, 1, '{"from":1,"until":2}', [1], 60000)],
    ['no payload', pack(2, 1, '{"from":1,"until":2}', [])],
    ['an empty init segment', pack(1, 1, '{}', [])],
    ['a header that is no JSON', pack(2, 1, '{"from":1')],
    ['a header that is no UTF-8', pack(2, 1, new Uint8Array([0x7b, 0xff, 0x7d]))],
    ['a header that is a list', pack(3, 1, '[1]')],
    ['an end before the beginning', pack(2, 1, '{"from":2,"until":1}')],
    ['no number', pack(2, 1, '{"from":"1","until":2}')],
    ['more than a number can be', pack(3, 1, '{"at":1e999}')],
    ['frames that are none', pack(2, 1, '{"from":1,"until":2,"frames":[null]}')],
    ['too many frames', pack(2, 1, JSON.stringify({ from: 1, until: 2, frames: new Array(5000).fill(1) }))],
    ['a kind of the future', pack(9, 1, '{}')],
  ])('leaves out %s', (_, bytes) => expect(unpack(bytes)).toBeNull())

  it('never throws, whatever comes', () => {
    const good = new Uint8Array(pack(2, 7, '{"from":12.5,"until":12.6,"key":true,"frames":[12.5]}'))
    let seed = 7
    const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below
    for (let i = 0; i < 5000; i++) {
      const bytes = good.slice(0, random(good.length + 1))
      for (let k = random(4); k > 0 && bytes.length > 0; k--) bytes[random(bytes.length)] = random(256)
      const b = unpack(bytes.buffer)
      if (b?.kind === 'media') expect(b.until).toBeGreaterThanOrEqual(b.from)
    }
  })
})
