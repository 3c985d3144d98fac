// Which key does what. The help is made of the same list, so that it never
// says something else.

export type Action =
  | 'toggle'
  | 'back'
  | 'forward'
  | 'back10'
  | 'forward10'
  | 'backMinute'
  | 'forwardMinute'
  | 'back10Minutes'
  | 'forward10Minutes'
  | 'frameBack'
  | 'frameForward'
  | 'start'
  | 'live'
  | 'slower'
  | 'faster'
  | 'normal'
  | 'captions'
  | 'captionLanguage'
  | 'previousCaption'
  | 'nextCaption'
  | 'mute'
  | 'fullscreen'
  | 'leaveFullscreen'
  | 'snapshot'
  | 'bookmark'
  | 'markIn'
  | 'markOut'
  | 'goTo'
  | 'undo'
  | 'search'
  | 'help'

export interface Binding {
  action: Action
  keys: string[] // as shown: Shift+ArrowLeft
  repeats: boolean // a held key does it again and again
}

/** bindings in the order of the help. */
export const bindings: Binding[] = [
  { action: 'toggle', keys: ['Space', 'K'], repeats: false },
  { action: 'back', keys: ['ArrowLeft', 'Shift+ArrowLeft'], repeats: true },
  { action: 'forward', keys: ['ArrowRight', 'Shift+ArrowRight'], repeats: true },
  { action: 'back10', keys: ['J'], repeats: true },
  { action: 'forward10', keys: ['L'], repeats: true },
  { action: 'backMinute', keys: ['Ctrl+ArrowLeft'], repeats: true },
  { action: 'forwardMinute', keys: ['Ctrl+ArrowRight'], repeats: true },
  { action: 'back10Minutes', keys: ['Shift+PageUp'], repeats: true },
  { action: 'forward10Minutes', keys: ['Shift+PageDown'], repeats: true },
  { action: 'frameBack', keys: [','], repeats: true },
  { action: 'frameForward', keys: ['.'], repeats: true },
  { action: 'start', keys: ['Home'], repeats: false },
  { action: 'live', keys: ['End'], repeats: false },
  { action: 'slower', keys: ['<'], repeats: false },
  { action: 'faster', keys: ['>'], repeats: false },
  { action: 'normal', keys: ['Backspace'], repeats: false },
  { action: 'undo', keys: ['Shift+Backspace'], repeats: false },
  { action: 'goTo', keys: ['G', 'Ctrl+T'], repeats: false },
  { action: 'previousCaption', keys: ['Alt+ArrowLeft'], repeats: true },
  { action: 'nextCaption', keys: ['Alt+ArrowRight'], repeats: true },
  { action: 'captions', keys: ['C', 'V'], repeats: false },
  { action: 'captionLanguage', keys: ['Shift+C'], repeats: false },
  { action: 'search', keys: ['/'], repeats: false },
  { action: 'mute', keys: ['M'], repeats: false },
  { action: 'fullscreen', keys: ['F'], repeats: false },
  { action: 'leaveFullscreen', keys: ['Escape'], repeats: false },
  { action: 'snapshot', keys: ['S'], repeats: false },
  { action: 'bookmark', keys: ['B'], repeats: false },
  { action: 'markIn', keys: ['I'], repeats: false },
  { action: 'markOut', keys: ['O'], repeats: false },
  { action: 'help', keys: ['?'], repeats: false },
]

type Pressed = Pick<KeyboardEvent, 'key' | 'code' | 'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey' | 'repeat'>

const known = new Map(bindings.flatMap((b) => b.keys.map((k) => [k, b] as const)))

/**
 * actionOf is what a key does; null: nothing here. A letter is that of the
 * layout, or of its place on the keyboard where the layout has no Latin ones.
 */
export function actionOf(e: Pressed): Action | null {
  if (e.metaKey) return null
  const found = known.get(named(e, e.key)) ?? (latin(e.key) ? undefined : known.get(named(e, placed(e.code))))
  return found && (!e.repeat || found.repeats) ? found.action : null
}

const latin = (key: string) => key.length > 1 || key.charCodeAt(0) < 0x80

/** placed is the letter of a key on a Latin keyboard. */
const placed = (code: string) => /^Key([A-Z])$/.exec(code)?.[1] ?? ''

function named(e: Pressed, key: string): string {
  const sign = key.length === 1 && !/[a-z ]/i.test(key)
  const name = key === ' ' ? 'Space' : key.length === 1 ? key.toUpperCase() : key
  // Shift is part of a sign already: ? and < are where the layout has them.
  return `${e.ctrlKey ? 'Ctrl+' : ''}${e.altKey ? 'Alt+' : ''}${e.shiftKey && !sign ? 'Shift+' : ''}${name}`
}

/** button: Space and Enter press what has the focus. */
export function presses(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement) || (key !== ' ' && key !== 'Enter')) return false
  return target.closest('button, a[href], summary, [role=button], [role=switch], [role=tab], [role=menuitemradio], input[type=checkbox], input[type=radio]') !== null
}

/** inner are elements for which arrows and Home and End have a meaning of their own. */
export function inner(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement) || !/^(Arrow|Home|End|Page)/.test(key)) return false
  return target.closest('[role=slider], [role=tablist], [role=menu], [role=listbox], input[type=range]') !== null
}

const signs: Record<string, string> = { ArrowLeft: '←', ArrowRight: '→', PageUp: 'Page ↑', PageDown: 'Page ↓', Escape: 'Esc', Backspace: '⌫' }

/** written is a key as it stands in the help: Shift ←. */
export const written = (key: string): string[] => (key === '+' ? ['+'] : key.split('+')).map((k) => signs[k] ?? k)
