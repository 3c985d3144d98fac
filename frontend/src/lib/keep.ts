// What this browser remembers for its viewer. One that keeps nothing is no fault.

/** kept is what was remembered; fallback: nothing was, or no such value. */
export function kept<T>(name: string, fallback: T, fits: (v: unknown) => v is T): T {
  try {
    const text = localStorage.getItem(`hindsight.${name}`)
    if (text === null) return fallback
    const value: unknown = JSON.parse(text)
    return fits(value) ? value : fallback
  } catch {
    return fallback
  }
}

export function keep(name: string, value: unknown) {
  try {
    localStorage.setItem(`hindsight.${name}`, JSON.stringify(value))
  } catch {
    // It holds until the page is closed.
  }
}

export const isNumber = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v)
export const isFlag = (v: unknown): v is boolean => typeof v === 'boolean'
export const isText = (v: unknown): v is string => typeof v === 'string'
