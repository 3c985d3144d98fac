// The words of the page in the language of its viewer.

import { isText, keep, kept } from '../lib/keep'
import { en, type Key } from './en'
import { ko } from './ko'
import { zhTW } from './zh-TW'

export type { Key }

/** languages that the page speaks, each in its own name. */
export const languages = { en: 'English', 'zh-TW': '繁體中文', ko: '한국어' } as const
export type Language = keyof typeof languages

export const texts: Record<Language, Record<Key, string>> = { en, 'zh-TW': zhTW, ko }

const isLanguage = (v: unknown): v is Language => isText(v) && v in languages

/** choose is the first of what the viewer reads that the page speaks. */
export function choose(wanted: readonly string[]): Language {
  for (const w of wanted) {
    if (/^ko\b/i.test(w)) return 'ko'
    if (/^(zh|yue)\b/i.test(w)) return 'zh-TW' // the only Chinese here; better than none
    if (/^en\b/i.test(w)) return 'en'
  }
  return 'en'
}

class I18n {
  language = $state<Language>(kept('language', choose(navigator.languages ?? []), isLanguage))

  set(to: Language) {
    this.language = to
    keep('language', to)
  }
}

export const i18n = new I18n()

export type Values = Record<string, string | number>

/** t is a text, with {name} replaced by its value. */
export function t(key: Key, values: Values = {}): string {
  return texts[i18n.language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** has tells the keys from what comes from outside. */
export const has = (key: string): key is Key => key in en

/** n is a text that depends on a number: key.one or key.other. */
export function n(key: string, count: number, values: Values = {}): string {
  const form = `${key}.${new Intl.PluralRules(i18n.language).select(count)}`
  const other = `${key}.other`
  const chosen = has(form) ? form : has(other) ? other : null
  return chosen ? t(chosen, { n: count, ...values }) : String(count)
}

/** reason is why something is missing, in words; what is not known stays as the recorder says it. */
export function reason(code: string): string {
  const key = `reason.${code}`
  return has(key) ? t(key) : code
}

/** seconds in words, in the two largest units: 1 h 5 min. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  const parts: [number, Key][] = [
    [Math.floor(s / 86_400), 'unit.day'],
    [Math.floor(s / 3600) % 24, 'unit.hour'],
    [Math.floor(s / 60) % 60, 'unit.minute'],
    [s % 60, 'unit.second'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  if (first < 0) return t('unit.second', { n: seconds > 0 ? Math.max(0.1, Math.round(seconds * 10) / 10) : 0 })
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, key]) => t(key, { n: count }))
    .join(' ')
}
