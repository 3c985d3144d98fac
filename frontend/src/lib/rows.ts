// The lines of a transcript: captions, and between them new days and what is missing.

import { i18n, locale, reason, t } from '../i18n/i18n.svelte'
import type { Gap, Moment } from './api'
import type { Caption, Stretch } from './captions'
import { clock, day, duration } from './format'
import { prefs } from './prefs.svelte'
import { languageName } from './text'

export type Row =
  | { kind: 'day'; key: string; text: string }
  | { kind: 'caption'; key: string; caption: Caption }
  | { kind: 'gap' | 'pending' | 'off'; key: string; text: string }

const shortest = 1000 // ms: less is not worth a line

interface Event {
  run: number
  ms: number
  time: Date
  row: Row
}

/** rows puts everything in the order of the recording. now: UTC, the end of what lasts. */
export function rows(captions: Caption[], gaps: Gap[], stretches: Stretch[], now: string): Row[] {
  const events: Event[] = captions.map((c) => ({
    run: c.start.run,
    ms: c.start.media_ms,
    time: new Date(c.start.time),
    row: { kind: 'caption', key: `c${c.id}`, caption: c },
  }))
  for (const g of gaps) if (g.kind !== 'video') add(events, g.from, gapRow(g, now))
  for (const s of joined(stretches)) add(events, s.from, stretchRow(s))
  events.sort((a, b) => a.run - b.run || a.ms - b.ms)
  const out: Row[] = []
  let last = ''
  for (const e of events) {
    const today = day(e.time)
    if (today !== last) out.push({ kind: 'day', key: `d${today}.${out.length}`, text: longDay(e.time) })
    last = today
    out.push(e.row)
  }
  return out
}

/** within are the gaps of a transcript from its first caption on, up to its last unless it is live. Those of recent, which are newer, count. */
export function within(gaps: Gap[], recent: Gap[], captions: Caption[], live: boolean): Gap[] {
  const [first, last] = [captions[0], captions.at(-1)]
  const from = first ? Date.parse(first.start.time) : 0
  const to = live || !last ? Infinity : Date.parse(last.end.time)
  const all = new Map([...gaps, ...recent].map((g) => [g.kind + g.from.position, g]))
  return [...all.values()].filter((g) => Date.parse(g.from.time) < to && (!g.until || Date.parse(g.until.time) > from))
}

function add(events: Event[], from: Moment, row: Row | null) {
  const [run, ms] = from.position.split('.').map(Number)
  if (row) events.push({ run: run ?? 0, ms: ms ?? 0, time: new Date(from.time), row })
}

function gapRow(g: Gap, now: string): Row | null {
  const length = Date.parse(g.until?.time ?? now) - Date.parse(g.from.time)
  if (length < shortest) return null
  const what = t(g.kind === 'audio' ? 'row.noSound' : 'row.nothing', { time: duration(length / 1000), reason: reason(g.reason) })
  return { kind: 'gap', key: `g${g.kind}${g.from.position}`, text: g.until ? what : t('row.lasting', { what }) }
}

function stretchRow(s: Stretch): Row | null {
  const [from, until] = [new Date(s.from.time), new Date(s.until.time)]
  if (s.state === 'done' || until.getTime() - from.getTime() < shortest) return null
  const language = s.language === 'und' ? '' : ` (${languageName(s.language)})`
  const what = s.state === 'off' ? t('row.off') : t(s.why ? 'row.pendingWhy' : 'row.pending', { why: s.why })
  const when = t('figure.from', { from: clock(from), to: clock(until) })
  return { kind: s.state, key: `${s.state}${s.track}${s.language}${s.from.position}`, text: `${when}${language} · ${what}` }
}

/** joined makes one of stretches that touch. */
export function joined(stretches: Stretch[]): Stretch[] {
  const out: Stretch[] = []
  const latest = new Map<string, Stretch>()
  for (const s of [...stretches].sort((a, b) => a.from.run - b.from.run || a.from.media_ms - b.from.media_ms)) {
    const kind = `${s.state} ${s.language} ${s.track}`
    const last = latest.get(kind)
    if (last && last.from.run === s.from.run && s.from.media_ms - last.until.media_ms < shortest) {
      if (s.until.media_ms > last.until.media_ms) last.until = s.until
      continue
    }
    const next = { ...s }
    latest.set(kind, next)
    out.push(next)
  }
  return out
}

/** longDay: Tuesday, 24 November 2026, in the zone that is shown. */
export const longDay = (at: Date) =>
  at.toLocaleDateString(i18n.language === 'en' ? 'en-GB' : locale(), { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone: prefs.zoneName })
