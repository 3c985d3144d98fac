// The WebSocket of the player. After a loss it is made again, for ever; who
// listens asks for the same moment again when it is open.

import { parse, subprotocol, unpack, type Binary, type Message, type Request } from './wire'

export interface Listener {
  /** opened: a new connection, with a new origin of recorded time, is there; hello comes first. */
  opened(): void
  /** lost is told once a loss; why is the server's reason, if it gave one. */
  lost(why: string): void
  message(m: Message): void
  binary(b: Binary): void
}

/** Connection is what of a WebSocket is used. */
export type Connection = Pick<WebSocket, 'send' | 'close' | 'readyState' | 'binaryType' | 'onopen' | 'onclose' | 'onerror' | 'onmessage'>

export interface Options {
  address: () => string | Promise<string>
  open?: (address: string) => Connection
}

const first = 250 // ms until the first new try; each later one waits twice as long
const longest = 5000
const patience = 8000 // ms in which a connection must open and, once open, say something
const isOpen = 1

export class Link {
  bytes = 0 // of binary messages on this connection
  #connection: Connection | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #watch: ReturnType<typeof setTimeout> | undefined
  #tries = 0
  #ended = false
  readonly #wake = () => this.#now()

  constructor(
    private readonly options: Options,
    private readonly listener: Listener,
  ) {
    globalThis.addEventListener?.('online', this.#wake)
    void this.#connect()
  }

  get open(): boolean {
    return this.#connection?.readyState === isOpen
  }

  /** send is false while there is no connection; nothing is kept for later. */
  send(request: Request): boolean {
    if (!this.#connection || !this.open) return false
    this.#connection.send(JSON.stringify(request))
    return true
  }

  close() {
    this.#ended = true
    clearTimeout(this.#timer)
    globalThis.removeEventListener?.('online', this.#wake)
    this.#drop()
  }

  async #connect() {
    let address: string
    try {
      address = await this.options.address()
    } catch {
      return this.#retry('')
    }
    if (this.#ended) return
    const open = this.options.open ?? ((a) => new WebSocket(a, subprotocol))
    let c: Connection
    try {
      c = open(address)
    } catch {
      return this.#retry('')
    }
    this.#connection = c
    this.bytes = 0
    c.binaryType = 'arraybuffer'
    c.onopen = () => {
      if (c !== this.#connection) return
      this.#alive()
      this.listener.opened()
    }
    c.onmessage = (e: MessageEvent<unknown>) => c === this.#connection && this.#take(e.data)
    c.onerror = null // what comes of it is a close
    c.onclose = (e: CloseEvent) => c === this.#connection && this.#retry(e.reason)
    this.#alive()
  }

  #take(data: unknown) {
    this.#alive()
    if (data instanceof ArrayBuffer) {
      this.bytes += data.byteLength
      const b = unpack(data)
      if (b) this.listener.binary(b)
      return
    }
    const m = typeof data === 'string' ? parse(data) : null
    if (!m) return
    if (m.is === 'hello') this.#tries = 0 // only now it is one of ours
    this.listener.message(m)
  }

  /** alive: the edge comes every second, so silence is a loss that nobody told. */
  #alive() {
    clearTimeout(this.#watch)
    this.#watch = setTimeout(() => this.#retry('silence'), patience)
  }

  #retry(why: string) {
    this.#drop()
    if (this.#ended) return
    this.listener.lost(why)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#connect(), Math.min(longest, first * 2 ** this.#tries++))
  }

  /** now: the network is back, so the waiting is over. */
  #now() {
    if (this.#ended || this.#connection) return
    clearTimeout(this.#timer)
    void this.#connect()
  }

  #drop() {
    clearTimeout(this.#watch)
    const c = this.#connection
    this.#connection = null
    if (!c) return
    c.onopen = c.onclose = c.onmessage = null
    c.close()
  }
}
