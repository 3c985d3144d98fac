// What runs inside the page: it reads the demo picture off the screen and hears
// its sound, and changes nothing.

/** inPage is given to the page before its own scripts; it leaves window.bench. */
export function inPage() {
  const middle = (w) => Math.floor(w / 40) & ~1
  const canvas = document.createElement('canvas')
  const video = () => document.querySelector('.stage video')

  /** numbers reads the two rows of squares; null: they cannot be read. */
  function numbers(v) {
    const s = middle(v.videoWidth)
    if (s < 2) return null
    canvas.width = 32 * s
    canvas.height = 2 * s
    const c = canvas.getContext('2d', { willReadFrequently: true })
    c.drawImage(v, 0, v.videoHeight - 2 * s, 32 * s, 2 * s, 0, 0, 32 * s, 2 * s)
    const { data } = c.getImageData(0, 0, 32 * s, 2 * s)
    const row = (top) => {
      let n = 0
      for (let i = 0; i < 32; i++) {
        const level = data[((top + (s >> 1)) * 32 * s + i * s + (s >> 1)) * 4 + 1]
        if (level > 96 && level < 160) return null
        n = n * 2 + (level >= 128 ? 1 : 0)
      }
      return n
    }
    const [wall, frame] = [row(0), row(s)]
    return wall === null || frame === null ? null : { wall, frame }
  }

  /** flash: the middle of the picture is white. */
  function flash(v) {
    canvas.width = canvas.height = 4
    const c = canvas.getContext('2d', { willReadFrequently: true })
    c.drawImage(v, v.videoWidth * 0.35, v.videoHeight * 0.35, v.videoWidth * 0.3, v.videoHeight * 0.3, 0, 0, 4, 4)
    const { data } = c.getImageData(0, 0, 4, 4)
    let sum = 0
    for (let i = 0; i < 64; i += 4) sum += data[i + 1]
    return sum / 16 > 200
  }

  /** each calls f for every picture put on the screen, until it returns true. */
  const each = (f) =>
    new Promise((done) => {
      const v = video()
      const told = (now, m) => (f(v, m, now) ? done() : v.requestVideoFrameCallback(told))
      v.requestVideoFrameCallback(told)
    })

  /** delay is how old each picture is when it comes to the screen, in ms. */
  async function delay(pictures) {
    const ages = []
    let tries = 0
    await each((v, m) => {
      const n = numbers(v)
      const at = performance.timeOrigin + m.expectedDisplayTime
      if (n) ages.push(((Math.round(at) - n.wall) % 2 ** 32 + 2 ** 32) % 2 ** 32)
      return ages.length >= pictures || ++tries > pictures * 3
    })
    return ages
  }

  /** beeps are the moments at which the tone of 1 kHz sets in, as the element plays it. */
  async function beeps(seconds) {
    const context = new AudioContext()
    const code = `registerProcessor('ear', class extends AudioWorkletProcessor {
      process(inputs) {
        const c = inputs[0][0]
        if (!c) return true
        for (let i = 0; i < c.length; i++) {
          const loud = Math.abs(c[i]) > 0.05
          if (loud && this.quiet > sampleRate / 10) this.port.postMessage((currentFrame + i) / sampleRate)
          this.quiet = loud ? 0 : (this.quiet ?? 1e9) + 1
        }
        return true
      }
    })`
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })))
    const ear = new AudioWorkletNode(context, 'ear')
    const source = context.createMediaStreamSource(video().captureStream())
    source.connect(ear)
    ear.connect(context.destination)
    const heard = []
    ear.port.onmessage = (e) => heard.push(e.data)
    const flashes = []
    let before = true
    const end = performance.now() + seconds * 1000
    await each((v, m) => {
      const is = flash(v)
      if (is && !before) flashes.push({ at: m.expectedDisplayTime, media: m.mediaTime })
      before = is
      return performance.now() > end
    })
    const stamp = context.getOutputTimestamp()
    const latency = (context.outputLatency || 0) * 1000
    await context.close()
    return { flashes, beeps: heard.map((t) => stamp.performanceTime + (t - stamp.contextTime) * 1000), latency }
  }

  /** seek is how long it takes from the next release of the pointer until a picture from elsewhere stands, in ms; null: none comes. */
  function seek() {
    return new Promise((done) => {
      let began = null
      let from = 0
      const up = (e) => {
        began = e.timeStamp
        from = video().currentTime
      }
      addEventListener('pointerup', up, { capture: true, once: true })
      const until = performance.now() + 8000
      const told = (_, m) => {
        if (began !== null && Math.abs(m.mediaTime - from) > 3) return done(m.expectedDisplayTime - began)
        if (performance.now() > until) return done(null)
        video().requestVideoFrameCallback(told)
      }
      video().requestVideoFrameCallback(told)
      setTimeout(() => done(null), 9000)
    })
  }

  window.bench = { video, numbers, flash, each, delay, beeps, seek }
}
