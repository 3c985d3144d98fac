// Colours of the page for a canvas, which knows no CSS variables.

import type { Colours } from '../../lib/timeline/paint'

const names: (keyof Colours)[] = ['card', 'well', 'line', 'text', 'quiet', 'accent', 'recording', 'hatch', 'bad']

/** colours are those in force at an element. */
export function colours(at: Element): Colours {
  const style = getComputedStyle(at)
  return Object.fromEntries(names.map((n) => [n, style.getPropertyValue(`--${n}`).trim() || 'gray'])) as unknown as Colours
}

/** watchLook calls back when theme or density of the screen change; it returns what stops it. */
export function watchLook(changed: () => void): () => void {
  const stops: (() => void)[] = []
  const dark = matchMedia('(prefers-color-scheme: dark)')
  dark.addEventListener('change', changed)
  stops.push(() => dark.removeEventListener('change', changed))
  const theme = new MutationObserver(changed)
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ['class', 'data-theme', 'style', 'lang'] })
  stops.push(() => theme.disconnect())
  addEventListener('resize', changed) // a change of density comes with one
  stops.push(() => removeEventListener('resize', changed))
  return () => stops.forEach((stop) => stop())
}
