import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Download, Page } from 'playwright-core'
import { expect } from 'vitest'
import { flow } from './lib/flow'
import { Gate } from './lib/gate'
import { rate, until } from './lib/recorder'
import type { Screen } from './lib/screen'

const run = promisify(execFile)

interface Probed {
  format: { duration: string }
  streams: { codec_type: string; codec_name: string; nb_read_packets: string }[]
}

async function probe(file: string): Promise<Probed> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-of', 'json', '-show_format', '-show_streams', '-count_packets', file])
  return JSON.parse(stdout) as Probed
}

/** saved is the file that comes of doing something. */
async function saved(page: Page, does: () => Promise<unknown>): Promise<{ file: string; download: Download }> {
  const [download] = await Promise.all([page.waitForEvent('download'), does()])
  return { file: await download.path(), download }
}

/** at goes to a moment of a run and stands there. */
async function at(screen: Screen, open: (search: string) => Promise<unknown>, position: string) {
  await open(`?camera=cam&at=${position}`)
  await screen.pause()
}

/** mark marks a range of the first run, in whole seconds of it. */
async function mark(screen: Screen, from: number, to: number) {
  const open = (s: string) => screen.open(s)
  await at(screen, open, `1.${from * 1000}`)
  const first = await screen.now()
  await screen.press('i')
  for (let s = from; s < to; s++) await screen.press('ArrowRight')
  await expect.poll(async () => Math.abs(((await screen.seen())?.wall ?? 0) - first.wall - (to - from) * 1000)).toBeLessThan(50)
  await screen.press('o')
  await screen.page.getByText(`${to - from} s long`).waitFor()
}

flow('what was said is found and gone to', async ({ open, recorder }) => {
  const screen = await open()
  await screen.press('/')
  await screen.page.keyboard.type('음악')
  const hits = screen.page.getByRole('list', { name: 'Search all that was said' }).getByRole('button')
  const kept = (await recorder.captions()).filter((c) => c.text.includes('음악'))
  await expect.poll(() => hits.count()).toBe(kept.length)
  expect(kept.length).toBeGreaterThan(0)
  await hits.last().click() // the newest is first
  await screen.button('Pause').waitFor()
  const start = Date.parse(kept[0]!.start.time)
  await expect.poll(async () => Math.abs(((await screen.seen())?.shown ?? 0) - start)).toBeLessThan(3000)
  await expect.poll(async () => (await screen.spoken()).join()).toContain('음악')
})

flow('a range is marked with I and O and saved as a film', async ({ open }) => {
  const screen = await open()
  await mark(screen, 3, 9)
  const { file, download } = await saved(screen.page, () => screen.button('Save as MP4').click())
  expect(download.suggestedFilename()).toMatch(/\.mp4$/)
  await screen.page.getByText('Saved.', { exact: true }).waitFor()
  const film = await probe(file)
  const of = (kind: string) => film.streams.find((s) => s.codec_type === kind)
  expect(of('video')?.codec_name).toBe('h264')
  expect(of('audio')?.codec_name).toBe('opus')
  expect(of('subtitle')?.codec_name).toBe('mov_text')
  expect(Math.abs(Number(film.format.duration) - 6)).toBeLessThan(0.2)
  expect(Math.abs(Number(of('video')?.nb_read_packets) - 6 * 30)).toBeLessThanOrEqual(3)
})

flow('a film that is being saved shows how far it is, and is cancelled', async ({ open, recorder }) => {
  // More than what lies in the sockets on the way.
  await recorder.stop()
  await recorder.start('--size', '1280x720')
  const runs = async () => (await recorder.timeline()).spans.at(-1)!
  await until('half a minute', async () => (await runs()).length_ms > 30_000)
  const gate = await Gate.before(recorder.address, 'GET /api/v1/export.mp4')
  const screen = await open({ address: gate.address })
  await at(screen, (s) => screen.open(s), (await runs()).from.position)
  const first = await screen.now()
  await screen.press('i')
  await screen.press('End')
  await screen.rises(first, 20 * rate)
  await screen.press('o')
  await screen.button('Save as MP4').click()
  await screen.page.getByText(/\d.* of \d/).waitFor()
  expect(await screen.page.getByRole('progressbar', { name: 'Save as MP4' }).getAttribute('value')).toMatch(/^0\.\d/)
  await screen.button('Cancel').click()
  await screen.page.getByText('Cancelled.').waitFor()
  const states = async () => (await recorder.get<{ exports: { state: string }[] }>('/exports')).exports.map((e) => e.state)
  await expect.poll(states).toContain('cancelled')
  expect(await screen.button('Save as MP4').isEnabled()).toBe(true)
  await gate.close()
})

flow('captions and the picture are saved as files', async ({ open, recorder }) => {
  const screen = await open()
  await mark(screen, 3, 18)
  const said = (await recorder.captions())[0]!.text
  const heads = { WebVTT: /^WEBVTT\n/, SRT: /^1\r?\n\d\d:\d\d:\d\d,\d{3} --> /, Text: /^\S/ }
  for (const [name, head] of Object.entries(heads)) {
    const { file, download } = await saved(screen.page, () => screen.page.getByRole('link', { name, exact: true }).click())
    const text = await readFile(file, 'utf8')
    expect(text).toMatch(head)
    expect(text).toContain(said)
    expect(download.suggestedFilename()).toMatch({ WebVTT: /\.vtt$/, SRT: /\.srt$/, Text: /\.txt$/ }[name]!)
  }
  const picture = await saved(screen.page, () => screen.press('s'))
  expect(picture.download.suggestedFilename()).toMatch(/\.jpg$/)
  expect((await probe(picture.file)).streams[0]?.codec_name).toBe('mjpeg')
})

flow('a bookmark gets a note and outlives a restart', async ({ open, recorder }) => {
  const screen = await open()
  await at(screen, (s) => screen.open(s), '1.4000')
  const here = await screen.now()
  await screen.press('b')
  await expect.poll(screen.says).toBe('Bookmarked.')
  await screen.page.getByRole('tab', { name: 'Bookmarks' }).click()
  const panel = screen.page.getByRole('tabpanel')
  await panel.getByRole('button', { name: /Edit the note/ }).click()
  await panel.getByRole('textbox', { name: 'Note' }).fill('The kettle boils')
  await screen.press('Enter')
  await panel.getByText('The kettle boils').waitFor()
  await recorder.stop()
  await recorder.start()
  const later = await open()
  await later.page.getByRole('tab', { name: 'Bookmarks' }).click()
  await later.page.getByText('The kettle boils').waitFor()
  await later.page.getByRole('tabpanel').getByRole('button', { name: /^Go to/ }).click()
  await later.pause()
  expect(Math.abs((await later.now()).wall - here.wall)).toBeLessThan(2500)
})

flow('a link to a moment opens there', async ({ open, browser, recorder }) => {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'], timezoneId: 'UTC', locale: 'en-GB' })
  const screen = await open({ context })
  await at(screen, (s) => screen.open(s), '1.7000')
  const here = await screen.now()
  await screen.button('Copy a link to this moment').first().click()
  await expect.poll(screen.says).toBe('Link copied')
  const link = new URL(await screen.page.evaluate(() => navigator.clipboard.readText()))
  expect(link.origin).toBe(recorder.address)
  const other = await open({ search: link.search })
  const there = await other.now()
  expect(there.wall - here.wall).toBeGreaterThanOrEqual(-50)
  expect(there.wall - here.wall).toBeLessThan(4000) // it plays from there
  await context.close()
})
