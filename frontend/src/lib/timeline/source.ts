// What the timeline asks the recorder for.

import { ask, type Shape } from '../api'
import { layout, nothing, renew, type Layout } from './shape'

const since = 120_000 // ms; how far back what is new is asked for again
const whole = 600_000 // ms after which everything is asked for again: retention and people delete

/** Source keeps the layout of a camera up to date. */
export class Source {
  private layout: Layout = nothing
  private asked = -Infinity // when everything was asked for last
  private newest = 0 // the recorder's clock at the last answer, ms since 1970

  constructor(
    private readonly camera: string,
    private readonly get: <T>(path: string) => Promise<T> = ask,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** renew asks for what may have changed, or for everything, and returns what is known now. */
  async renew(all = false): Promise<Layout> {
    const query: Record<string, string> = { camera: this.camera }
    // Of a range the recorder counts every block, of everything it knows the sums by heart.
    all ||= this.now() - this.asked > whole || this.layout.spans.length === 0
    const from = this.newest - since
    if (!all) query.from = new Date(from).toISOString()
    const shape = await this.get<Shape>(`/api/v1/timeline?${new URLSearchParams(query)}`)
    this.newest = Date.parse(shape.now)
    if (all) this.asked = this.now()
    this.layout = all ? layout(shape) : renew(this.layout, shape, from)
    return this.layout
  }
}

/** Said is how much is said in a stretch, by parts of the same length. */
export interface Said {
  from: number
  to: number
  counts: number[]
}

/** getSaid asks how much is said between two moments; null: the recorder does not count that. */
export async function getSaid(camera: string, from: number, to: number, bins: number, signal: AbortSignal): Promise<Said | null> {
  const query = { camera, from: new Date(from).toISOString(), to: new Date(to).toISOString(), bins: String(bins) }
  try {
    const { captions } = await ask<{ captions?: number[] }>(`/api/v1/marks?${new URLSearchParams(query)}`, { signal })
    return captions ? { from, to, counts: captions } : null
  } catch {
    return null // the timeline does without
  }
}
