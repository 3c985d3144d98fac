// Text in whatever language it is: only ever text, never markup.

import { i18n, t } from '../i18n/i18n.svelte'
import type { Match } from './captions'

/** written are languages that are told by their script rather than by a country. */
const written: Record<string, string> = { 'zh-TW': 'zh-Hant', 'zh-CN': 'zh-Hans' }

/** languageName: ko is Korean, in the language of the page. What the browser does not know stays a code. */
export function languageName(code: string): string {
  if (code === 'und' || code === '') return t('figure.language')
  code = written[code] ?? code
  try {
    return new Intl.DisplayNames([i18n.language], { type: 'language' }).of(code) ?? code
  } catch {
    return code
  }
}

/** unspaced are languages whose lines are joined without a blank. */
const unspaced = /^(zh|yue|ja|th|lo|km|my|bo)\b/i

/** flow makes one line of a caption's lines. */
export const flow = (text: string, language: string) => text.replace(/\s*\n\s*/g, unspaced.test(language) ? '' : ' ')

export interface Piece {
  text: string
  hit: boolean
}

/** pieces parts a text where a search found something. */
export function pieces(text: string, matches: Pick<Match, 'from' | 'to'>[]): Piece[] {
  const out: Piece[] = []
  let at = 0
  for (const m of [...matches].sort((a, b) => a.from - b.from)) {
    const from = Math.max(at, m.from)
    const to = Math.min(text.length, m.to)
    if (!(from < to)) continue
    if (from > at) out.push({ text: text.slice(at, from), hit: false })
    const last = out.at(-1)
    if (from === at && last?.hit) last.text += text.slice(from, to)
    else out.push({ text: text.slice(from, to), hit: true })
    at = to
  }
  if (at < text.length) out.push({ text: text.slice(at), hit: false })
  return out
}

/** typed parts a sentence where it has something to type, between back quotes. */
export const typed = (sentence: string): { text: string; code: boolean }[] =>
  sentence
    .split('`')
    .map((text, i) => ({ text, code: i % 2 === 1 }))
    .filter((p) => p.text !== '')
