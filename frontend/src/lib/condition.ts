// What the status line says: one sentence, that of the gravest fact.

import type { Key, Values } from '../i18n/i18n.svelte'
import type { Camera, Status } from './api'
import type { Player } from './player/player.svelte'

export type Mood = 'well' | 'note' | 'warn' | 'bad'

export interface Condition {
  mood: Mood
  key: Key
  values: Values
}

type Facts = Pick<Player, 'connection' | 'shown' | 'seeking' | 'starved' | 'paused' | 'recording' | 'frozen' | 'live' | 'picture' | 'why' | 'holes' | 'tracks' | 'foreign' | 'edge'>

const slowCaptions = 10 // seconds behind that are worth a word

/** condition chooses. say makes words of a gap's reason, span of seconds. */
export function condition(p: Facts, status: Status | null, camera: Camera | null, say: (reason: string) => string, span: (seconds: number) => string): Condition {
  const is = (mood: Mood, key: Key, values: Values = {}): Condition => ({ mood, key, values })
  if (p.connection === 'lost') return is('bad', 'status.lost')
  if (p.connection === 'connecting') return is('note', 'status.connecting')
  if (camera?.commits.last_error) return is('bad', 'status.camera', { camera: camera.name, problem: camera.commits.last_error })
  if (status && full(status)) return is('bad', 'status.disk')
  if (p.seeking && p.shown) return is('note', 'status.seeking')
  if (p.starved && !p.paused) return is('note', 'status.starved')
  if (camera?.problem) return is('warn', 'status.camera', { camera: camera.name, problem: camera.problem })
  if (p.edge && !p.recording) return is('warn', 'status.notRecording')
  if (p.frozen && p.live) return is('warn', 'status.frozen')
  if (p.picture === 'keys') return is('note', p.why === 'rate' ? 'status.keysRate' : 'status.keysLink')
  if (p.holes.video) return is('warn', 'status.noPicture', { reason: say(p.holes.video) })
  if (p.holes.audio) return is('warn', 'status.noSound', { reason: say(p.holes.audio) })
  if (p.tracks?.audio && !p.tracks.audio.playable && p.picture === 'full') return is('note', 'status.silent')
  if (status && !status.clock_trusted) return is('warn', 'status.clock')
  const late = Math.max(0, ...(camera?.captions ?? []).map((h) => h.behind_seconds))
  if (late > slowCaptions) return is('note', 'status.captionsBehind', { time: span(late) })
  if (p.foreign) return is('note', 'status.foreign')
  return is('well', 'status.well')
}

const full = (s: Status) => s.disk.total_bytes > 0 && s.disk.free_bytes < Math.min(s.disk.reserve_bytes / 2, s.disk.total_bytes * 0.02)
