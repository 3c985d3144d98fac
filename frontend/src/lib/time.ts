// Dates and times of day in a zone that is chosen, and as a person types them.

export type Zone = string // of the IANA list; UTC

export const browserZone = (): Zone => new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

export interface Parts {
  year: number
  month: number // 1 to 12
  day: number
  hour: number
  minute: number
  second: number
}

const formats = new Map<Zone, Intl.DateTimeFormat>()

function format(zone: Zone): Intl.DateTimeFormat {
  let f = formats.get(zone)
  if (!f) {
    const how = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23', calendar: 'gregory', numberingSystem: 'latn' } as const
    try {
      f = new Intl.DateTimeFormat('en-US', { ...how, timeZone: zone })
    } catch {
      f = new Intl.DateTimeFormat('en-US', { ...how, timeZone: 'UTC' }) // a zone that this browser does not know
    }
    formats.set(zone, f)
  }
  return f
}

/** partsOf is a moment as a calendar and a clock in that zone show it. */
export function partsOf(t: Date, zone: Zone): Parts {
  const out: Record<string, number> = {}
  for (const p of format(zone).formatToParts(t)) out[p.type] = Number(p.value)
  return { year: out.year ?? 0, month: out.month ?? 1, day: out.day ?? 1, hour: out.hour ?? 0, minute: out.minute ?? 0, second: out.second ?? 0 }
}

/** offset of a zone at a moment, in ms east of UTC. */
export function offset(t: Date, zone: Zone): number {
  const p = partsOf(t, zone)
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(t.getTime() / 1000) * 1000
}

/**
 * momentOf is when the clocks of a zone show these figures. Where they show
 * them twice it is the first time; where they skip them, as much later.
 */
export function momentOf(p: Parts, zone: Zone): Date {
  const local = Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute) + p.second * 1000
  const day = 86_400_000
  const found = [local - offset(new Date(local - day), zone), local - offset(new Date(local + day), zone)].filter((t) => t + offset(new Date(t), zone) === local)
  return new Date(found.length ? Math.min(...found) : local - offset(new Date(local - day), zone))
}

const two = (n: number) => String(n).padStart(2, '0')

/** day: 2026-11-24. */
export function day(t: Date, zone: Zone): string {
  const p = partsOf(t, zone)
  return `${p.year}-${two(p.month)}-${two(p.day)}`
}

/** clock: 14:05:09, and the tenth of a second if wanted. */
export function clock(t: Date, zone: Zone, tenths = false): string {
  const p = partsOf(t, zone)
  return `${two(p.hour)}:${two(p.minute)}:${two(p.second)}${tenths ? `.${Math.floor((((t.getTime() % 1000) + 1000) % 1000) / 100)}` : ''}`
}

/** offsetName: UTC+8, UTC−3:30. */
export function offsetName(t: Date, zone: Zone): string {
  const m = Math.round(offset(t, zone) / 60_000)
  if (m === 0) return 'UTC'
  const rest = Math.abs(m) % 60
  return `UTC${m > 0 ? '+' : '−'}${Math.floor(Math.abs(m) / 60)}${rest ? `:${two(rest)}` : ''}`
}

/** span of seconds as a clock counts: 0:07, 12:05, 3:00:09, 2 d 3:00:09. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  const [d, h, m] = [Math.floor(s / 86_400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60]
  const rest = h > 0 || d > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`
  return d > 0 ? `${d} d ${rest}` : rest
}

const words: Record<string, number> = { today: 0, yesterday: -1, 今天: 0, 今日: 0, 昨天: -1, 昨日: -1, 前天: -2, 오늘: 0, 어제: -1, 그제: -2, 그저께: -2 }
const units: Record<string, number> = { s: 1, sec: 1, 秒: 1, 초: 1, m: 60, min: 60, 分: 60, 分鐘: 60, 분: 60, h: 3600, 小時: 3600, 時: 3600, 시간: 3600, d: 86_400, 天: 86_400, 일: 86_400 }
const longest = 100 * 366 * 86_400 // seconds
const afternoons = /^(pm|下午|오후)$/i
const mornings = /^(am|上午|오전)$/i

/**
 * typed reads a moment as a person types it: 14:05, 2:05 pm, yesterday 9:30,
 * 11-24 9:30, 2026-11-24 10:15:30, with a Z of UTC, -90s, -1h30m.
 * now is where it counts from: a time alone is the last one before it, and
 * what is behind it stays so only with a date. null: it is none of these.
 */
export function typed(text: string, now: Date, zone: Zone): Date | null {
  const s = text.trim().replace(/：/g, ':').replace(/[\u2212–]/g, '-').replace(/\s+/g, ' ')
  if (s === '') return null
  const ago = relative(s)
  if (ago !== null) return ago < longest ? new Date(now.getTime() - ago * 1000) : null
  const utc = /z$|\butc$/i.test(s)
  const fields = s.replace(/(\d)t(?=\d)/i, '$1 ').replace(/\s*(z|utc)$/i, '').replace(/([上下]午|오[전후])(?=\d)/, '$1 ').replace(/(\d)(am|pm)$/i, '$1 $2').split(' ')
  return absolute(fields, now, utc ? 'UTC' : zone)
}

function relative(s: string): number | null {
  const [, body] = /^-\s*(.+)$/.exec(s) ?? []
  if (body === undefined) return null
  let rest = body.replace(/ /g, '')
  let sum = 0
  while (rest !== '') {
    const [whole, n, unit] = /^(\d+(?:\.\d+)?)([^\d.:-]*)/.exec(rest) ?? []
    const one = units[(unit || 's').toLowerCase()]
    if (whole === undefined || one === undefined) return null
    sum += Number(n) * one
    rest = rest.slice(whole.length)
  }
  return sum
}

function absolute(fields: string[], now: Date, zone: Zone): Date | null {
  const here = partsOf(now, zone)
  let date: { year: number; month: number; day: number } | null = null
  let time: { hour: number; minute: number; second: number } | null = null
  let half: 'am' | 'pm' | null = null
  for (const f of fields) {
    if (afternoons.test(f)) half = 'pm'
    else if (mornings.test(f)) half = 'am'
    else if (!time && f.includes(':') ? (time = timeOf(f)) : !date && (date = dateOf(f, here))) continue
    else return null
  }
  if (!time) {
    if (!date || half) return null
    time = { hour: 0, minute: 0, second: 0 }
  }
  if (half) {
    if (time.hour < 1 || time.hour > 12) return null
    time.hour = (time.hour % 12) + (half === 'pm' ? 12 : 0)
  }
  if (date) return momentOf({ ...date, ...time }, zone)
  const today = momentOf({ ...here, ...time }, zone)
  return today <= now ? today : momentOf({ ...before(here, 1), ...time }, zone)
}

function timeOf(s: string): { hour: number; minute: number; second: number } | null {
  const [, h, m, sec] = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,3})?))?$/.exec(s) ?? []
  if (h === undefined || m === undefined) return null
  const out = { hour: Number(h), minute: Number(m), second: Number(sec ?? 0) }
  return out.hour < 24 && out.minute < 60 && out.second < 60 ? out : null
}

function dateOf(s: string, here: Parts): { year: number; month: number; day: number } | null {
  const ago = words[s.toLowerCase()]
  if (ago !== undefined) return before(here, -ago)
  const [, y, m, d] = /^(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?$/.exec(s) ?? []
  if (m === undefined || d === undefined) return null
  const [month, date] = [Number(m), Number(d)]
  const year = y === undefined ? (month > here.month || (month === here.month && date > here.day) ? here.year - 1 : here.year) : Number(y)
  const real = new Date(Date.UTC(year, month - 1, date))
  return real.getUTCMonth() === month - 1 && real.getUTCDate() === date ? { year, month, day: date } : null
}

/** before is the date some days earlier. */
function before(p: Parts, days: number): { year: number; month: number; day: number } {
  const t = new Date(Date.UTC(p.year, p.month - 1, p.day - days))
  return { year: t.getUTCFullYear(), month: t.getUTCMonth() + 1, day: t.getUTCDate() }
}
