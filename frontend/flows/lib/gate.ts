// A link to the recorder on which a download can be made to stand.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Gate hands bytes on both ways, until one asks for what `shut` is about: then no more comes back. */
export class Gate {
  address = ''
  #server: Server
  #open = new Set<Socket>()

  private constructor(to: URL, shut: string) {
    this.#server = createServer((near) => {
      const far = connect(Number(to.port), to.hostname)
      for (const s of [near, far]) {
        this.#open.add(s)
        s.on('error', () => s.destroy())
        s.on('close', () => (near.destroy(), far.destroy()))
      }
      far.on('data', (b: Buffer) => near.write(b))
      near.on('data', (b: Buffer) => {
        far.write(b)
        if (b.includes(shut)) far.pause()
      })
    })
  }

  static async before(address: string, shut: string): Promise<Gate> {
    const g = new Gate(new URL(address), shut)
    g.#server.listen(0, '127.0.0.1')
    await once(g.#server, 'listening')
    g.address = `http://127.0.0.1:${(g.#server.address() as AddressInfo).port}`
    return g
  }

  async close() {
    for (const s of this.#open) s.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
