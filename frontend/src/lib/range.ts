// The range of an export, as typed into two fields, in the zone that is shown.

import { t } from '../i18n/i18n.svelte'
import { clock, day } from './format'
import { prefs } from './prefs.svelte'
import { momentOf } from './time'

export interface Range {
  from: Date
  to: Date
}

/** field is the value of an input of type datetime-local, to the second. */
export const field = (at: Date) => `${day(at)}T${clock(at)}`

/** last is the range of the last seconds before now, in whole seconds. */
export function last(seconds: number, now: Date): Range {
  const to = new Date(Math.floor(now.getTime() / 1000) * 1000)
  return { from: new Date(to.getTime() - seconds * 1000), to }
}

/** read makes a range of two fields, or says what is wrong with them. */
export function read(from: string, to: string): Range | string {
  const a = moment(from)
  const b = moment(to)
  if (!a) return t('range.needFrom')
  if (!b) return t('range.needTo')
  if (b <= a) return t('range.order')
  if (b.getTime() - a.getTime() > 24 * 3600_000) return t('range.long')
  return { from: a, to: b }
}

/** moment is what a field holds; null: nothing whole. */
function moment(text: string): Date | null {
  const [, year, month, day, hour, minute, second] = /^(\d{4,6})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?$/.exec(text) ?? []
  if (year === undefined) return null
  return momentOf({ year: Number(year), month: Number(month), day: Number(day), hour: Number(hour), minute: Number(minute), second: Number(second ?? 0) }, prefs.zoneName)
}

/** around is half a minute about something that was said, longer if it is. */
export function around(from: Date, to: Date): Range {
  const middle = Math.round((from.getTime() + to.getTime()) / 2000) * 1000
  return { from: new Date(Math.min(middle - 15_000, from.getTime())), to: new Date(Math.max(middle + 15_000, to.getTime())) }
}
