import { t as say } from '../i18n/i18n.svelte'
import type { Track } from './api'
import { bitRate } from './format'

const names: Record<string, string> = {
  h264: 'H.264',
  mjpeg: 'MJPEG',
  opus: 'Opus',
  aac: 'AAC',
  pcma: 'G.711 A-law',
  pcmu: 'G.711 µ-law',
}

/** describe is a track in a few words, most telling first. */
export function describe(t: Track): string {
  const words = [names[t.codec] ?? t.codec]
  if (t.kind === 'video') {
    if (t.width > 0) words.push(`${t.width} × ${t.height}`)
    if (t.units_per_sec > 0) words.push(say('unit.frames', { n: Math.round(t.units_per_sec * 10) / 10 }))
  } else {
    words.push(`${t.clock_rate / 1000} kHz`)
    words.push(say(t.channels === 2 ? 'figure.stereo' : 'figure.mono'))
  }
  if (t.bits_per_second > 0) words.push(bitRate(t.bits_per_second))
  return words.join(' · ')
}
