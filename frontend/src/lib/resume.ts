// Where this viewer stopped in each session; this browser remembers it.

import { isText, keep, kept } from './keep'

const most = 100 // sessions that are remembered, the last ones

type Places = Record<string, string> // position by session

const isPlaces = (v: unknown): v is Places => typeof v === 'object' && v !== null && Object.values(v).every(isText)
const name = (camera: string) => `resume.${camera}`

/** stopped is the position at which the viewer left a session; empty: nowhere. */
export const stopped = (camera: string, id: string): string => kept<Places>(name(camera), {}, isPlaces)[id] ?? ''

/** leave remembers it. */
export function leave(camera: string, id: string, position: string) {
  const { [id]: _, ...rest } = kept<Places>(name(camera), {}, isPlaces)
  const others = Object.entries(rest).slice(-(most - 1))
  keep(name(camera), { ...Object.fromEntries(others), [id]: position })
}

/** before orders positions as the recorder writes them: run, then milliseconds. */
export function before(a: string, b: string): boolean {
  const [runA = 0, msA = 0] = a.split('.').map(Number)
  const [runB = 0, msB = 0] = b.split('.').map(Number)
  return runA === runB ? msA < msB : runA < runB
}

interface Ends {
  id: string
  from: { position: string }
  to: { position: string } | null
}

/** sessionAt is the one that a position lies in. */
export const sessionAt = <S extends Ends>(sessions: S[], position: string): S | undefined =>
  sessions.find((s) => !before(position, s.from.position) && (s.to === null || before(position, s.to.position)) && s.from.position.split('.')[0] === position.split('.')[0])
