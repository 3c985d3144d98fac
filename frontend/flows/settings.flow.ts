import { expect } from 'vitest'
import { flow } from './lib/flow'
import { Recorder, until } from './lib/recorder'

flow('the rate is changed through the page, and the camera goes on', async ({ open }) => {
  const own = await Recorder.make({ flags: ['--video', 'demo', '--audio', 'demo', '--size', '320x240'] })
  await own.start()
  try {
    const screen = await open({ address: own.address })
    await screen.page.getByRole('tab', { name: 'Settings' }).click()
    const rate = screen.page.getByRole('textbox', { name: 'Pictures a second' })
    expect(await rate.inputValue()).toBe('30')

    // What the recorder cannot do is a sentence, and nothing is changed.
    await rate.fill('fast')
    await screen.press('Enter')
    const panel = screen.page.getByRole('tabpanel')
    await panel.getByRole('alert').waitFor()
    expect((await panel.getByRole('alert').innerText()).length).toBeGreaterThan(10)

    await rate.fill('15')
    await screen.press('Enter')
    await panel.getByText('Changed.').waitFor()
    const spans = async () => (await own.timeline()).spans
    await until('15 a second', async () => {
      const s = (await spans()).at(-1)!
      return (await spans()).length > 1 && s.length_ms > 2000
    })
    const first = await screen.now()
    const later = await screen.rises(first, 60)
    expect(later.live).toBe(true)
    expect(Math.round((later.frame - first.frame) / ((later.wall - first.wall) / 1000))).toBe(15)
    const gaps = (await own.timeline()).gaps
    expect(gaps.length).toBeGreaterThan(0)
    expect(gaps.every((g) => g.reason !== '')).toBe(true)

    // It holds over a restart, under what a flag does not say.
    await own.stop()
    await own.start()
    const { settings } = await own.get<{ settings: { key: string; value: string; source: string }[] }>('/settings')
    expect(settings.find((s) => s.key === 'cameras.cam.rate')).toMatchObject({ value: '15', source: expect.stringContaining('settings.yml') })
  } finally {
    await own.remove()
  }
})

flow('what a flag holds cannot be changed, and says why', async ({ open, recorder }) => {
  const screen = await open()
  await screen.page.getByRole('tab', { name: 'Settings' }).click()
  const size = screen.page.getByRole('combobox', { name: 'Picture size' })
  expect(await size.isDisabled()).toBe(true)
  const why = await size.evaluate((e) => document.getElementById(e.getAttribute('aria-describedby') ?? '')?.textContent ?? '')
  expect(why.trim()).toBe('Given on the command line; it is changed there.')
  // The recorder refuses it, too, whoever asks.
  const answer = await fetch(`${recorder.address}/api/v1/settings`, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ 'cameras.cam.size': '640x480' }) })
  expect(answer.status).toBe(409)
})

flow('a ZIP that is no model is refused in one sentence', async ({ open }) => {
  const screen = await open()
  await screen.page.getByRole('tab', { name: 'Settings' }).click()
  const panel = screen.page.getByRole('tabpanel')
  await panel.locator('input[type=file]').setInputFiles({ name: 'model.zip', mimeType: 'application/zip', buffer: Buffer.from('PK\u0003\u0004 this is no archive') })
  const said = panel.getByRole('alert')
  await said.waitFor()
  expect((await said.innerText()).trim()).toMatch(/^[^\n]{10,200}$/)
  expect(await panel.getByText('There is no speech model yet.').count()).toBe(1)
})

flow('the calendar marks the days that are recorded, and goes there', async ({ open, recorder }) => {
  const screen = await open()
  await screen.press('g')
  const dialog = screen.page.getByRole('dialog')
  const days = (await recorder.get<{ days: { day: string; seconds: number }[] }>('/days?camera=cam&zone=UTC')).days.filter((d) => d.seconds > 0).map((d) => Number(d.day.slice(8)))
  const marked = dialog.locator('td.recorded:not(.other)')
  await expect.poll(async () => (await marked.allInnerTexts()).map((s) => parseInt(s))).toEqual(days)
  await marked.first().click()
  await dialog.waitFor({ state: 'detached' })
  const first = Date.parse((await recorder.timeline()).spans[0]!.from.time)
  await expect.poll(async () => Math.abs(((await screen.seen())?.shown ?? 0) - first)).toBeLessThan(5000)
})
