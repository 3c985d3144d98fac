// Pictures that come as JPEGs, drawn on a canvas at their time.

interface Still {
  at: number
  data: Uint8Array<ArrayBuffer>
}

const most = 24 << 20 // bytes kept
const keepBehind = 4 // seconds behind the picture that stay, for steps back

export class Stills {
  #all: Still[] = [] // by time
  #bytes = 0
  #drawn: number | null = null
  #drawing = false
  #turn = 0

  /** drew is told the time of each picture that stands on the canvas. */
  constructor(private readonly drew: (at: number) => void) {}

  get last(): number | undefined {
    return this.#all.at(-1)?.at
  }

  get first(): number | undefined {
    return this.#all[0]?.at
  }

  clear() {
    this.#all = []
    this.#bytes = 0
    this.#drawn = null
    this.#turn++
  }

  put(at: number, data: Uint8Array<ArrayBuffer>, now: number) {
    let i = this.#all.length
    while (i > 0 && (this.#all[i - 1]?.at ?? 0) > at) i--
    if (this.#all[i - 1]?.at === at) return
    this.#all.splice(i, 0, { at, data })
    this.#bytes += data.byteLength
    this.#trim(now)
  }

  keep(from: number, until: number) {
    this.#all = this.#all.filter((s) => s.at >= from && s.at <= until)
    this.#bytes = this.#all.reduce((n, s) => n + s.data.byteLength, 0)
  }

  /** draw puts the picture of a moment on the canvas. While one is being decoded nothing else is begun. */
  async draw(canvas: HTMLCanvasElement, t: number) {
    const still = this.#at(t)
    if (!still || this.#drawing || still.at === this.#drawn) return
    const turn = this.#turn
    this.#drawing = true
    try {
      const bitmap = await createImageBitmap(new Blob([still.data], { type: 'image/jpeg' }))
      if (turn === this.#turn) {
        if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
          canvas.width = bitmap.width
          canvas.height = bitmap.height
        }
        canvas.getContext('2d')?.drawImage(bitmap, 0, 0)
        this.#drawn = still.at
        this.drew(still.at)
      }
      bitmap.close()
    } catch {
      this.#drawn = still.at // broken: the one before stays
    } finally {
      this.#drawing = false
    }
  }

  #at(t: number): Still | undefined {
    let found: Still | undefined
    for (const s of this.#all) {
      if (s.at > t + 0.0005) break
      found = s
    }
    return found
  }

  #trim(now: number) {
    const old = (s: Still | undefined) => s !== undefined && s.at < now - keepBehind
    while (this.#all.length > 1 && (old(this.#all[0]) && old(this.#all[1]) || this.#bytes > most)) {
      const end = this.#bytes > most && !old(this.#all[0]) ? this.#all.pop() : this.#all.shift()
      this.#bytes -= end?.data.byteLength ?? 0
    }
  }
}
