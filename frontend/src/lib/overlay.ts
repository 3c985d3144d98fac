// Which captions stand over the picture at a moment, and before and behind it.

import { shown, type Caption } from './captions'

/** At is a moment as positions are: a run, and milliseconds in it. */
export interface At {
  run: number
  ms: number
}

const linger = 600 // ms that a caption stays behind its last word in replay
const livelong = 4000 // likewise on a live view, where it comes late
const brief = 1200 // ms that the shortest caption stays
const partialAge = 6000 // ms after which a partial is of no use any more

export function at(position: string): At {
  const [run, ms] = position.split('.').map(Number)
  return { run: run ?? 0, ms: ms ?? 0 }
}

/** since is how long in ms after a caption's start a moment lies; null: in another run. */
const since = (c: Caption, t: At, of: 'start' | 'end' = 'start') => (c[of].run === t.run ? t.ms - c[of].media_ms : null)

const later = (c: Caption, t: At) => c.start.run > t.run || (c.start.run === t.run && c.start.media_ms > t.ms)

export interface Standing {
  caption: Caption
  partial: boolean
}

/** standing is what is read at a moment, one caption of each voice and language. */
export function standing(captions: Caption[], partials: Caption[], t: At, live: boolean, language = ''): Standing[] {
  const out = new Map<string, Standing>()
  const wanted = (c: Caption) => language === '' || c.language === language
  const stay = live ? livelong : linger
  for (const c of shown(captions)) {
    if (later(c, t)) break
    const behind = since(c, t, 'end')
    const age = since(c, t)
    if (!wanted(c) || behind === null || age === null || (behind > stay && age > brief)) continue
    out.set(`${c.track} ${c.language}`, { caption: c, partial: false }) // the last that has begun
  }
  for (const p of partials) {
    const age = since(p, t)
    const behind = since(p, t, 'end')
    // On a live view the picture may be a little behind what was heard already.
    if (p.text === '' || !wanted(p) || age === null || behind === null || age < (live ? -1000 : 0) || behind > partialAge) continue
    out.set(`${p.track} ${p.language}`, { caption: p, partial: true })
  }
  return [...out.values()].sort((a, b) => a.caption.track - b.caption.track || a.caption.language.localeCompare(b.caption.language))
}

/** beside is the caption before or behind the one at a moment. Shortly after a start the one before that is meant. */
export function beside(captions: Caption[], t: At, forward: boolean): Caption | undefined {
  const all = shown(captions)
  if (forward) return all.find((c) => later(c, { run: t.run, ms: t.ms + 100 }))
  return all.filter((c) => !later(c, t) && (since(c, t) ?? Infinity) > 1000).at(-1)
}

export interface Word {
  text: string
  unsure: boolean
  position: string // empty: it is no word, but what stands between two
}

export const unsureBelow = 0.5 // confidence

/** wordsOf parts a text into its words, in place. A text that a person changed has no words to trust. */
export function wordsOf(c: Caption): Word[] {
  const out: Word[] = []
  let from = 0
  for (const w of c.editor === '' ? (c.words ?? []) : []) {
    const i = c.text.indexOf(w.text, from)
    if (i < 0 || w.text === '') continue
    if (i > from) out.push({ text: c.text.slice(from, i), unsure: false, position: '' })
    out.push({ text: w.text, unsure: w.confidence < unsureBelow, position: w.start.position })
    from = i + w.text.length
  }
  if (from < c.text.length) out.push({ text: c.text.slice(from), unsure: false, position: '' })
  return out
}
