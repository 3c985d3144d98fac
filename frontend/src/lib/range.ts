// The range of an export, as typed into two fields of local time.

import { clock, day } from './format'

export interface Range {
  from: Date
  to: Date
}

/** field is the value of an input of type datetime-local, to the second. */
export const field = (t: Date) => `${day(t)}T${clock(t)}`

/** last is the range of the last seconds before now, in whole seconds. */
export function last(seconds: number, now: Date): Range {
  const to = new Date(Math.floor(now.getTime() / 1000) * 1000)
  return { from: new Date(to.getTime() - seconds * 1000), to }
}

/** read makes a range of two fields, or says what is wrong with them. */
export function read(from: string, to: string): Range | string {
  const a = new Date(from)
  const b = new Date(to)
  if (Number.isNaN(a.getTime())) return 'From: give a date and a time.'
  if (Number.isNaN(b.getTime())) return 'To: give a date and a time.'
  if (b <= a) return 'To must lie after From.'
  if (b.getTime() - a.getTime() > 24 * 3600_000) return 'At most 24 hours go into one file.'
  return { from: a, to: b }
}

/** around is half a minute about something that was said, longer if it is. */
export function around(from: Date, to: Date): Range {
  const middle = Math.round((from.getTime() + to.getTime()) / 2000) * 1000
  return { from: new Date(Math.min(middle - 15_000, from.getTime())), to: new Date(Math.max(middle + 15_000, to.getTime())) }
}
