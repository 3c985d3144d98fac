// What is on the timeline in words.

import type en from '../../i18n/timeline.en'
import type { Found } from '../../lib/timeline/marks'
import type { Hole, Layout } from '../../lib/timeline/shape'
import { perPixel, type View } from '../../lib/timeline/view'
import { clock, date, lasting, type T } from '../../lib/timeline/words'

type Key = keyof typeof en
export type Speak = T<Key>

// The list of reasons is open: what has no words yet is told as the recorder says it.
const reasons = [
  'off', 'paused', 'privacy', 'camera lost', 'microphone lost', 'frozen', 'suspended', 'crash', 'deleted', 'disk full', 'disk error', 'damaged',
] as const

/** reasonOf is why there is a gap. */
export function reasonOf(h: Hole, t: Speak): string {
  const known = reasons.find((r) => r === h.reason)
  const reason = known ? t(`timeline.reason.${known}`) : h.reason
  return h.detail ? t('timeline.gap.detail', { reason, detail: h.detail }) : reason
}

const lengthOf = (h: Hole, locale: string, t: Speak) => (h.to === Infinity ? t('timeline.gap.lasts') : lasting(h.to - h.from, locale))

/** inWords is what is under the pointer; empty: recording and nothing else. */
export function inWords(f: Found, { locale, t }: { locale: string; t: Speak }): string {
  switch (f.is) {
    case 'bookmark': {
      const note = f.bookmark.note || t('timeline.unnamed')
      return f.count > 1 ? t('timeline.bookmarks', { note, n: f.count - 1 }) : t('timeline.bookmark', { note })
    }
    case 'pin':
      return t('timeline.pin', { note: f.pin.note || t('timeline.unnamed') })
    case 'session':
      return t('timeline.session', { name: f.session.name || String(f.session.id) })
    case 'gap':
      return t('timeline.gap.long', { reason: reasonOf(f.hole, t), length: lengthOf(f.hole, locale, t) })
    case 'recorded':
      return f.hole ? t(f.hole.kind === 'video' ? 'timeline.video' : 'timeline.audio', { reason: reasonOf(f.hole, t) }) : ''
    case 'nothing':
      return t(f.future ? 'timeline.future' : 'timeline.nothing')
  }
}

/** gapsInWords names the longest gaps that are seen, in their order. */
export function gapsInWords(l: Layout, v: View, now: number, zone: string, locale: string, t: Speak, most: number): string {
  const least = perPixel(v)
  const seen = l.holes.filter((h) => h.from < v.to && h.to > v.from && Math.min(h.to, now) - h.from >= least)
  if (seen.length === 0) return t('timeline.gaps.none')
  const long = (h: Hole) => Math.min(h.to, now) - h.from
  const named = [...seen].sort((a, b) => long(b) - long(a)).slice(0, most).sort((a, b) => a.from - b.from)
  const list = named.map((h) =>
    t('timeline.gaps.item', { reason: reasonOf(h, t), time: `${date(h.from, zone, locale)} ${clock(h.from, zone, locale)}`, length: lengthOf(h, locale, t) }),
  )
  if (seen.length > named.length) list.push(t('timeline.gaps.more', { n: seen.length - named.length }))
  return t('timeline.gaps', { list: list.join('; ') })
}
