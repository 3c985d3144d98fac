// What the desktop window does for the page. In a browser there is none: the
// page comes from the recorder itself.

export interface Bridge {
  /** address of the recorder that the window shows; empty: none yet. */
  address(): Promise<string>
  /** connect checks an address and shows that recorder; it returns the address in full, or throws with one sentence. */
  connect(address: string): Promise<string>
  /** save asks for a file name and saves what is at a path of the recorder; empty: the person changed their mind. */
  save(path: string): Promise<string>
  /** player is the WebSocket address of a camera's player; without it there is none but the recorder's own. */
  player?(camera: string): Promise<string>
}

interface Bound {
  Address(): Promise<string>
  Connect(address: string): Promise<string>
  Save(path: string): Promise<string>
}

declare global {
  interface Window {
    go?: { main?: { App?: Bound } }
  }
}

/** bridge is that of the window, or null in a browser. */
export function bridge(): Bridge | null {
  const app = window.go?.main?.App
  if (!app) return null
  const sentence = (e: unknown) => new Error(e instanceof Error ? e.message : String(e))
  return {
    address: () => app.Address(),
    connect: (address) => app.Connect(address).catch((e: unknown) => Promise.reject(sentence(e))),
    save: (path) => app.Save(path).catch((e: unknown) => Promise.reject(sentence(e))),
  }
}

/** hostOf is the host of an address as the bridge gives it. */
export function hostOf(address: string): string {
  try {
    return new URL(address).hostname
  } catch {
    return ''
  }
}
