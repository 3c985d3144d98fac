// Keys of the timeline when it has the focus. Others are left to the page. No DOM.

import { day, hour, minute, second } from './view'

export type Action = { do: 'by'; seconds: number } | { do: 'first' } | { do: 'live' } | { do: 'zoom'; factor: number } | { do: 'fit' } | { do: 'cancel' }

export interface Key {
  key: string
  ctrlKey: boolean
  altKey: boolean
  metaKey: boolean
  shiftKey: boolean
}

const large = [second, 10 * second, minute, 10 * minute, hour, 6 * hour, day, 7 * day]

/** leap is a round step that is about a tenth of what is seen, in seconds. */
export const leap = (span: number) => (large.filter((s) => s <= span / 8).at(-1) ?? second) / 1000

/** action is what a key does on a timeline that shows so many ms; null: it is not for the timeline. */
export function action(k: Key, span: number): Action | null {
  if (k.ctrlKey || k.altKey || k.metaKey) return null
  switch (k.key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return { do: 'by', seconds: 1 }
    case 'ArrowLeft':
    case 'ArrowDown':
      return { do: 'by', seconds: -1 }
    case 'PageUp':
      return k.shiftKey ? null : { do: 'by', seconds: leap(span) }
    case 'PageDown':
      return k.shiftKey ? null : { do: 'by', seconds: -leap(span) }
    case 'Home':
      return { do: 'first' }
    case 'End':
      return { do: 'live' }
    case '+':
    case '=':
      return { do: 'zoom', factor: 0.5 }
    case '-':
    case '_':
      return { do: 'zoom', factor: 2 }
    case '0':
      return { do: 'fit' }
    case 'Escape':
      return { do: 'cancel' }
  }
  return null
}
