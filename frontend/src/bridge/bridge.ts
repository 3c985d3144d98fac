// What the desktop window does for the page. In a browser there is none: the
// page comes from the recorder itself.

/** Login is who a person says they are; user empty: nothing was said. */
export interface Login {
  user: string
  password: string
  keep: boolean // in the system's keyring
}

/** Connected is what came of a try to connect. */
export interface Connected {
  address: string // in full, without credentials
  credentials: boolean // a user name and password are wanted, or others: nothing was connected
  foreign: boolean // an RTSP server that is no Hindsight
  pageless: boolean // RTSP answers, the recorder's page does not
  kept: boolean // the credentials are in the keyring
}

export interface Recent {
  address: string
  seen: string // UTC
}

/** Found is a recorder in the local network. */
export interface Found {
  name: string
  version: string
  address: string
}

/** Part is a package that the machine lacks, and what does not work without it. */
export interface Part {
  package: string
  for: 'pictures' | 'sound' | 'everything'
}

/** Plays is what the window can play. */
export interface Plays {
  mse: boolean
  h264: boolean
  high: boolean
  opus: boolean
  aac: boolean
}

export interface Bridge {
  /** address of the server that the window shows; empty: none yet. */
  address(): Promise<string>
  /** connect shows what is at an address, or throws with one sentence. */
  connect(address: string, login?: Login): Promise<Connected>
  recent(): Promise<Recent[]>
  forget(address: string): Promise<void>
  /** find looks around in the local network for a second and a half. */
  find(): Promise<Found[]>
  /** save asks for a file name and saves what is at a path of the recorder; empty: the person changed their mind. */
  save(path: string): Promise<string>
  /** player is the WebSocket address of a camera's player. */
  player(camera: string): Promise<string>
  missing(plays: Plays): Promise<Part[]>
  /** busy says that something runs, or no longer does, that closing would end. */
  busy(why: 'export' | 'call', on: boolean): Promise<void>
  /** onclose hears that the person wants to close the window; it returns what ends that. */
  onclose(asked: (busy: boolean) => void): () => void
  stay(): Promise<void>
  quit(neverAsk: boolean): Promise<void>
}

interface Bound {
  Address(): Promise<string>
  Connect(address: string, login: Login): Promise<Connected>
  Recent(): Promise<Recent[]>
  Forget(address: string): Promise<void>
  Find(): Promise<Found[]>
  Save(path: string): Promise<string>
  Player(camera: string): Promise<string>
  Missing(plays: Plays): Promise<Part[]>
  Busy(why: string, on: boolean): Promise<void>
  Resized(): Promise<void>
  Asked(): Promise<void>
  Stay(): Promise<void>
  Quit(neverAsk: boolean): Promise<void>
}

declare global {
  interface Window {
    go?: { main?: { App?: Bound } }
    runtime?: { EventsOn(event: string, heard: (...data: unknown[]) => void): () => void }
  }
}

const resting = 500 // ms without a change of the window's size

/** bridge is that of the window, or null in a browser. */
export function bridge(): Bridge | null {
  const app = window.go?.main?.App
  if (!app) return null
  const nobody: Login = { user: '', password: '', keep: false }
  const sentence = (e: unknown): never => {
    throw new Error(e instanceof Error ? e.message : String(e))
  }
  return {
    address: () => app.Address(),
    connect: (address, login = nobody) => app.Connect(address, login).catch(sentence),
    recent: () => app.Recent(),
    forget: (address) => app.Forget(address),
    find: () => app.Find().catch(sentence),
    save: (path) => app.Save(path).catch(sentence),
    player: (camera) => app.Player(camera),
    missing: (plays) => app.Missing(plays),
    busy: (why, on) => app.Busy(why, on),
    onclose: (asked) =>
      window.runtime?.EventsOn('close-asked', (busy) => {
        asked(busy === true)
        void app.Asked()
      }) ?? (() => {}),
    stay: () => app.Stay(),
    quit: (neverAsk) => app.Quit(neverAsk),
  }
}

/** remember tells the window its size when that has come to rest; it returns what ends that. */
export function remember(): () => void {
  const app = window.go?.main?.App
  if (!app) return () => {}
  let timer: ReturnType<typeof setTimeout> | undefined
  const changed = () => {
    clearTimeout(timer)
    timer = setTimeout(() => void app.Resized(), resting)
  }
  window.addEventListener('resize', changed)
  return () => {
    clearTimeout(timer)
    window.removeEventListener('resize', changed)
  }
}

/** plays asks the web view what it can play. */
export function plays(): Plays {
  const can = (type: string) => globalThis.MediaSource?.isTypeSupported(type) ?? false
  return {
    mse: 'MediaSource' in globalThis,
    h264: can('video/mp4; codecs="avc1.42E01E"'),
    high: can('video/mp4; codecs="avc1.640028"'),
    opus: can('audio/mp4; codecs="opus"'),
    aac: can('audio/mp4; codecs="mp4a.40.2"'),
  }
}

/** hostOf is the host of an address as the bridge gives it. */
export function hostOf(address: string): string {
  try {
    return new URL(address.replace(/^rtsps?:/, 'http:')).hostname // some web views know no rtsp:
  } catch {
    return ''
  }
}

/** held is told to whatever plays while the window asks whether to close: it pauses, and goes on at the same moment. */
export const held = new EventTarget()
