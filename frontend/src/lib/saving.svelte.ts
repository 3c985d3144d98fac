// A film being saved: asked for under a name, by which the recorder tells how
// far it has come.

import { ask, exportOf, sentence } from './api'
import type { Bridge } from '../bridge/bridge'

interface Job {
  job: string
  size_bytes: number
  done_bytes: number
  state: 'running' | 'done' | 'cancelled' | 'failed'
}

const every = 400 // ms between two looks
const patience = 15_000 // ms until a film must have begun

export class Saving {
  state = $state<'idle' | 'asking' | 'running' | 'done' | 'cancelled' | 'failed'>('idle')
  done = $state(0)
  size = $state(0)
  problem = $state('')
  file = $state('') // where the window has saved it
  readonly share = $derived(this.size > 0 ? Math.min(1, this.done / this.size) : 0)
  readonly busy = $derived(this.state === 'asking' || this.state === 'running')
  #job = ''
  #timer: ReturnType<typeof setTimeout> | undefined

  /** start saves a range; a browser puts the file where its viewer wants it, the window asks. */
  start(camera: string, from: string, to: string, bridge: Bridge | null) {
    if (this.busy) return
    this.#job = `page-${crypto.getRandomValues(new Uint32Array(3)).join('-')}`
    this.state = 'asking'
    this.done = this.size = 0
    this.problem = this.file = ''
    const path = exportOf(camera, from, to, this.#job)
    const job = this.#job
    if (bridge) {
      void bridge.save(path).then(
        (file) => this.#ended(job, file ? 'done' : 'cancelled', file),
        (e: unknown) => this.#ended(job, 'failed', '', sentence(e)),
      )
    } else void this.#download(path, job)
    void this.#watch(job, Date.now() + patience)
  }

  /** #download asks first, so that a refusal is a sentence here and no page of its own. */
  async #download(path: string, job: string) {
    try {
      const head = await fetch(path, { method: 'HEAD' })
      if (!head.ok) await ask(path) // throws what the recorder says
      const a = document.createElement('a')
      a.href = path
      a.download = ''
      a.click()
    } catch (e) {
      this.#ended(job, 'failed', '', sentence(e))
    }
  }

  async #watch(job: string, until: number) {
    try {
      const j = await ask<Job>(`/api/v1/exports/${job}`)
      if (job !== this.#job || !this.busy) return
      this.done = j.done_bytes
      this.size = j.size_bytes
      if (j.state === 'running') this.state = 'running'
      else return this.#ended(job, j.state, '')
    } catch (e) {
      if (job !== this.#job || !this.busy) return
      if (Date.now() > until && this.state === 'asking') return this.#ended(job, 'failed', '', sentence(e))
    }
    this.#timer = setTimeout(() => void this.#watch(job, until), every)
  }

  #ended(job: string, state: 'done' | 'cancelled' | 'failed', file: string, problem = '') {
    if (job !== this.#job || !this.busy) return
    clearTimeout(this.#timer)
    this.state = state
    this.file = file
    this.problem = problem
    if (state === 'done') this.done = this.size
  }

  cancel() {
    if (!this.busy) return
    const job = this.#job
    this.#ended(job, 'cancelled', '')
    void ask(`/api/v1/exports/${job}`, { method: 'DELETE' }).catch(() => undefined) // it is over
  }

  /** close is called when nobody looks any more; a film that is being saved goes on. */
  close() {
    clearTimeout(this.#timer)
  }
}
