// Measures the page in Chromium against a recorder with the demo picture and sound.
// One line a figure; build/bench-page.sh says what can be set.

import { execFileSync } from 'node:child_process'
import { loadavg } from 'node:os'
import { look, moves, open, quantile, record, wait } from './rig.mjs'

const [program, data, chromium = '/usr/bin/chromium'] = process.argv.slice(2)
if (!program || !data) throw new Error('usage: node bench/page.mjs PROGRAM DATA [CHROMIUM]')
const number = (name, otherwise) => Number(process.env[name] ?? otherwise)
const seeks = number('SEEKS', 20)
const drops = number('DROPS', 300) // seconds
const hour = number('HOUR', 3600) // seconds
const size = process.env.SIZE ?? '1280x720'

const say = (what, figures) => console.log(`page/${what}\t${figures}\tload ${loadavg()[0].toFixed(1)}`)
const ms = (v) => `${Math.round(v)} ms`

/** seeking presses on random places of the timeline, with all of the history in it, until the first new picture stands. */
async function seeking(browser, address) {
  const page = await open(browser, address)
  const canvas = page.locator('.timeline canvas').first()
  const box = await canvas.boundingBox()
  const took = []
  for (let n = 0; n < seeks; n++) {
    const seen = page.evaluate(() => bench.seek())
    await page.mouse.move(box.x + box.width * (0.02 + 0.94 * Math.random()), box.y + box.height * 0.7)
    await page.mouse.down()
    await page.mouse.up()
    const t = await seen
    if (t !== null) took.push(t)
    await wait(700 + 600 * Math.random())
  }
  await page.close()
  say('seek-to-picture', `p50 ${ms(quantile(took, 0.5))}\tp95 ${ms(quantile(took, 0.95))}\tmost ${ms(Math.max(...took))}\t${took.length} of ${seeks}`)
}

/** delaying is how old the picture on the screen is, by the clock in it. */
async function delaying(browser, address, low) {
  const page = await open(browser, address, { settings: { 'hindsight.lowLatency': JSON.stringify(low) } })
  await wait(10_000) // the start is over
  const ages = await page.evaluate(() => bench.delay(300))
  await page.close()
  say(low ? 'live-delay-low-latency' : 'live-delay', `p50 ${ms(quantile(ages, 0.5))}\tp95 ${ms(quantile(ages, 0.95))}\t${ages.length} pictures`)
}

/** hearing is how much later the beep is heard than the flash is seen. */
async function hearing(browser, address) {
  const page = await open(browser, address)
  await wait(5000)
  const { flashes, beeps } = await page.evaluate(() => bench.beeps(20))
  await page.close()
  const late = flashes.map((f) => beeps.map((b) => b - f.at).reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a), Infinity)).filter((d) => Math.abs(d) < 400)
  say('sound-behind-picture', `p50 ${ms(quantile(late, 0.5))}\tfrom ${ms(Math.min(...late))}\tto ${ms(Math.max(...late))}\t${late.length} of ${flashes.length} flashes`)
}

/** dropping counts the pictures that never came to the screen. */
async function dropping(browser, address) {
  const page = await open(browser, address)
  await wait(5000)
  const quality = () => page.evaluate(() => (({ totalVideoFrames: all, droppedVideoFrames: dropped }) => ({ all, dropped }))(bench.video().getVideoPlaybackQuality()))
  const [from, began] = [await quality(), Date.now()]
  await wait(drops * 1000)
  const to = await quality()
  await page.close()
  say('dropped-frames', `${to.dropped - from.dropped} of ${to.all - from.all} in ${Math.round((Date.now() - began) / 1000)} s`)
}

/** keeping is the memory of the page while it shows live: after a fifth of the time, and at the end. */
async function keeping(browser, address) {
  const page = await open(browser, address)
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('HeapProfiler.enable')
  const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage')
    return (await cdp.send('Runtime.getHeapUsage')).usedSize / 2 ** 20
  }
  // The renderers of this browser: those below the process that was started.
  const renderer = () => {
    const all = execFileSync('ps', ['-eo', 'pid,ppid,rss,args', '--no-headers']).toString().split('\n').map((l) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(l)).filter(Boolean)
    const below = new Set([String(process.pid)])
    for (let before = -1; before !== below.size; ) {
      before = below.size
      for (const [, pid, parent] of all) if (below.has(parent)) below.add(pid)
    }
    return all.filter(([, pid, , , args]) => below.has(pid) && args.includes('--type=renderer')).reduce((sum, [, , , rss]) => sum + Number(rss), 0) / 1024
  }
  const at = []
  for (let n = 0; n <= 5; n++) {
    if (n > 0) await wait((hour / 5) * 1000)
    at.push(`${(await heap()).toFixed(1)}/${renderer().toFixed(0)}`)
  }
  await page.close()
  say('memory', `heap/renderer MiB each fifth of ${hour} s: ${at.join(' ')}`)
}

const recorder = await record(program, data, ['--size', size])
const browser = await look(chromium)
const only = (process.env.ONLY ?? '').split(',').filter(Boolean)
const runs = {
  seek: () => seeking(browser, recorder.address),
  delay: () => delaying(browser, recorder.address, false),
  low: () => delaying(browser, recorder.address, true),
  sound: () => hearing(browser, recorder.address),
  drops: () => dropping(browser, recorder.address),
  memory: () => keeping(browser, recorder.address),
}
try {
  for (const [name, run] of Object.entries(runs)) if (only.length === 0 || only.includes(name)) await run()
} finally {
  await browser.close()
  await recorder.end()
}
