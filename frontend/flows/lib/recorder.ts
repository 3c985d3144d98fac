// One real recorder, as a person would start it.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const program = fileURLToPath(new URL('../../../bin/hindsight', import.meta.url))

/** rate of the demo source, pictures a second; one of them is a key frame. */
export const rate = 30
const demo = ['--video', 'demo', '--audio', 'demo', '--size', '320x240', '--rate', String(rate)]
const patience = 60_000 // ms for what a recorder does at once

export interface Moment {
  position: string
  time: string
}

export interface Timeline {
  spans: { from: Moment; to: Moment; length_ms: number }[]
  gaps: { kind: string; reason: string; from: Moment; until: Moment | null }[]
}

export interface Caption {
  text: string
  start: Moment
  end: Moment
}

/** Recorder is a `hindsight serve` with a folder of its own, which it may be started on again. */
export class Recorder {
  address = '' // http://127.0.0.1:PORT, the same over all starts
  log = ''
  #process: ChildProcess | null = null

  private constructor(
    readonly folder: string,
    private readonly captioned: boolean,
    private readonly flags: string[],
  ) {}

  /** make gives one that does not run yet. data: a recording to begin with, which is copied; flags: of what is recorded. */
  static async make(options: { data?: string; captioned?: boolean; flags?: string[] } = {}): Promise<Recorder> {
    if (!existsSync(program)) throw new Error(`${program} is missing: run make build`)
    const r = new Recorder(await mkdtemp(join(tmpdir(), 'hindsight-flow-')), options.captioned ?? false, options.flags ?? demo)
    await mkdir(join(r.folder, 'cache'))
    if (options.data) await cp(options.data, r.data, { recursive: true })
    return r
  }

  get data(): string {
    return join(this.folder, 'data')
  }

  /** start on a free port, or on that of the last time. args: more flags. */
  async start(...args: string[]): Promise<this> {
    if (this.#process) throw new Error('the recorder runs already')
    const at = this.address ? new URL(this.address).host : '127.0.0.1:0'
    // Without captions nothing is found where build/vosk.sh puts it, and nothing is loaded.
    const env = { ...process.env, ...(!this.captioned && { XDG_CACHE_HOME: join(this.folder, 'cache') }) }
    const p = spawn(program, ['serve', '--data', this.data, '--rtsp-address', '127.0.0.1:0', '--http-address', at, ...this.flags, ...args], {
      cwd: this.folder, // no hindsight.yml of anybody's
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = p
    let out = ''
    p.stderr.on('data', (b: Buffer) => (this.log += b.toString()))
    await new Promise<void>((found, failed) => {
      const timer = setTimeout(() => failed(new Error(`serve printed no address:\n${this.log}`)), patience)
      p.once('exit', (code) => failed(new Error(`serve ended with ${code}:\n${out}${this.log}`)))
      p.stdout.on('data', (b: Buffer) => {
        out += b.toString()
        const a = /http:\/\/127\.0\.0\.1:\d+/.exec(out)
        if (!a) return
        this.address = a[0]
        clearTimeout(timer)
        found()
      })
    })
    p.removeAllListeners('exit')
    await until('an answer', async () => (await fetch(`${this.address}/healthz`)).status < 500)
    return this
  }

  /** stop as a person does, by a signal that it hears; kill without a word. */
  stop = () => this.#end('SIGTERM')
  kill = () => this.#end('SIGKILL')

  async #end(signal: NodeJS.Signals) {
    const p = this.#process
    this.#process = null
    if (!p || p.exitCode !== null || p.signalCode !== null) return
    const gone = once(p, 'exit')
    p.kill(signal)
    await gone
  }

  /** remove ends it and takes its folder away. */
  async remove() {
    await this.#end('SIGKILL')
    await rm(this.folder, { recursive: true, force: true })
  }

  /** get asks the API, as in get('/status'). */
  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.address}/api/v1${path}`)
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  timeline = () => this.get<Timeline>('/timeline?camera=cam')

  async captions(): Promise<Caption[]> {
    return (await this.get<{ captions: Caption[] }>('/captions?camera=cam')).captions
  }
}

/** until waits until something holds; what it throws is a no. */
export async function until(what: string, holds: () => Promise<boolean>, ms = patience) {
  const end = Date.now() + ms
  let why = ''
  while (Date.now() < end) {
    try {
      if (await holds()) return
      why = ''
    } catch (e) {
      why = String(e)
    }
    await new Promise((next) => setTimeout(next, 100))
  }
  throw new Error(`${what} did not come within ${ms / 1000} s. ${why}`)
}
