// The store of the player as far as the timeline needs it, and what the timeline tells others.

/** Playing is what the store says, and does when asked. */
export interface Playing {
  readonly camera: string
  readonly shown: { readonly time: Date; readonly position: string } | null
  readonly edge: { readonly time: Date | string; readonly position: string } | null
  readonly live: boolean
  readonly paused: boolean
  readonly seeking: boolean
  seek(to: 'live' | { position: string }): void
  by(seconds: number): void
}

/** Command is what happened on the timeline that others may want to know. */
export type Command =
  | { do: 'notice'; text: string } // one sentence, e.g. that a gap was passed over; the timeline shows it, too
  | { do: 'bookmark' | 'session'; id: number | string } // it was clicked, and is gone to
