// What this viewer wants to see, on this screen only; it is remembered here.

const key = 'hindsight.captions'

function remembered(): boolean {
  try {
    return localStorage.getItem(key) !== 'hidden'
  } catch {
    return true // a browser that keeps nothing
  }
}

class Viewer {
  captions = $state(remembered())

  toggleCaptions() {
    this.captions = !this.captions
    try {
      localStorage.setItem(key, this.captions ? 'shown' : 'hidden')
    } catch {
      // It holds until the page is closed.
    }
  }
}

export const viewer = new Viewer()

/** typing: keys go to what has the focus. */
export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || target.matches('input:not([type=checkbox], [type=radio], [type=button]), textarea, select')
}

/** nearest is the one of these elements that the viewer is at: where the focus is, else the first on the screen. */
export function nearest<E extends HTMLElement>(all: Iterable<E>): E | undefined {
  const list = [...all]
  const here = document.activeElement?.closest('article')
  return (
    list.find((e) => here?.contains(e)) ?? list.find((e) => e.getBoundingClientRect().top >= 0 && e.getBoundingClientRect().top < innerHeight) ?? list[0]
  )
}
