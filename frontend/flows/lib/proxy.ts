// A slow link: what comes from the recorder passes at so many bits a second and
// arrives later. The browser's own throttling leaves WebSockets alone.

import { once } from 'node:events'
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'

export interface Slow {
  bits: number // a second, of all connections together
  delay: number // ms one way
}

const slice = 20 // ms
const room = 64 * 1024 // bytes that lie in the link at most; then the sender waits

export class Proxy {
  slow: Slow | null = null
  #server: Server
  #sockets = new Set<Socket>()
  #queue: { to: Socket; from: Socket; data: Buffer; at: number }[] = []
  #held = 0
  #timer: ReturnType<typeof setInterval>
  #credit = 0

  private constructor(target: () => URL) {
    this.#server = createServer((near) => {
      const far = connect(Number(target().port), target().hostname)
      for (const s of [near, far]) {
        this.#sockets.add(s)
        s.setNoDelay(true)
        s.on('error', () => undefined) // its close says it
      }
      near.on('close', () => far.destroy())
      far.on('close', () => near.destroy())
      near.pipe(far)
      far.on('data', (data: Buffer) => this.#take(far, near, data))
    })
    this.#timer = setInterval(() => this.#pass(), slice)
  }

  /** open one in front of an address, as it is whenever a connection is made. */
  static async open(target: () => string): Promise<Proxy> {
    const p = new Proxy(() => new URL(target()))
    p.#server.listen(0, '127.0.0.1')
    await once(p.#server, 'listening')
    return p
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  #take(from: Socket, to: Socket, data: Buffer) {
    if (!this.slow && this.#queue.length === 0) {
      to.write(data)
      return
    }
    this.#queue.push({ from, to, data, at: Date.now() + (this.slow?.delay ?? 0) })
    this.#held += data.length
    if (this.#held > room) from.pause()
  }

  #pass() {
    this.#credit = Math.min(this.#credit + ((this.slow?.bits ?? Infinity) / 8) * (slice / 1000), this.slow ? this.slow.bits / 40 : Infinity)
    for (let q = this.#queue[0]; q && q.at <= Date.now() && this.#credit >= 1; q = this.#queue[0]) {
      const data = q.data.subarray(0, Math.min(q.data.length, Math.floor(this.#credit)))
      q.to.write(data)
      this.#credit -= data.length
      this.#held -= data.length
      if (data.length < q.data.length) q.data = q.data.subarray(data.length)
      else this.#queue.shift()
    }
    if (this.#held <= room / 2) for (const s of this.#sockets) s.resume()
  }

  close() {
    clearInterval(this.#timer)
    for (const s of this.#sockets) s.destroy()
    this.#server.close()
  }
}
