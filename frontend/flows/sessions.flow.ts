import { expect } from 'vitest'
import { flow } from './lib/flow'
import { until } from './lib/recorder'
import type { Screen } from './lib/screen'

async function tab(screen: Screen, name: string) {
  await screen.page.getByRole('tab', { name }).click()
  return screen.page.getByRole('tabpanel')
}

const session = (screen: Screen, name: string) => screen.page.getByRole('tabpanel').getByRole('listitem').filter({ hasText: name })

flow('a session is recorded, found again, played, kept and deleted', async ({ open, recorder }) => {
  const screen = await open()
  await screen.button('Recording').click()
  await screen.page.getByRole('dialog').getByRole('textbox').fill('Third grade')
  await screen.page.getByRole('dialog').getByRole('button', { name: 'Record' }).click()
  await tab(screen, 'Sessions')
  await session(screen, 'Third grade').getByText('goes on').waitFor()
  const began = await screen.now()
  await screen.rises(began, 6 * 30)

  // Stop asks first, and Cancel changes nothing.
  await screen.button('Stop').click()
  await screen.page.getByRole('dialog', { name: 'Stop recording?' }).getByRole('button', { name: 'Cancel' }).click()
  expect(await screen.button('Recording').count()).toBe(1)
  await screen.button('Stop').click()
  await screen.page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click()
  await screen.button('Record').waitFor()
  await until('the gap', async () => (await recorder.timeline()).gaps.some((g) => g.reason === 'paused'))

  // It survives a restart: the session, and that nothing is recorded.
  await recorder.stop()
  await recorder.start()
  const later = await open({ search: '?camera=cam&at=1.1000' })
  await later.button('Record').waitFor()
  await tab(later, 'Sessions')
  const entry = session(later, 'Third grade')
  await entry.getByRole('button', { name: /Rename/ }).click()
  await later.page.getByRole('tabpanel').getByRole('textbox', { name: 'Name' }).fill('Fourth grade')
  await later.press('Enter')
  const renamed = session(later, 'Fourth grade')
  await renamed.waitFor()

  // From its start, and then from where it was left.
  await renamed.getByRole('button', { name: /^Play from the start/ }).click()
  await expect.poll(async () => Math.abs(((await later.seen())?.wall ?? 0) - began.wall)).toBeLessThan(5000)
  await renamed.getByRole('button', { name: /^Go on at/ }).waitFor()
  await later.press('Home')
  await expect.poll(async () => began.wall - ((await later.seen())?.wall ?? began.wall)).toBeGreaterThan(10_000)
  await renamed.getByRole('button', { name: /^Go on at/ }).click()
  await expect.poll(async () => Math.abs(((await later.seen())?.wall ?? 0) - began.wall)).toBeLessThan(7000)

  // What is kept refuses to be deleted, in a sentence.
  await renamed.getByRole('button', { name: 'Keep' }).click()
  await renamed.getByRole('button', { name: 'Kept' }).waitFor()
  await renamed.getByRole('button', { name: 'Delete' }).click()
  const dialog = later.page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Delete' }).click()
  expect(await dialog.getByRole('alert').innerText()).toMatch(/pin|kept/)
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  const marks = await tab(later, 'Bookmarks')
  await marks.getByRole('button', { name: /^Keep it no longer/ }).click()
  await marks.getByText('Nothing is kept beyond its time').waitFor()
  await tab(later, 'Sessions')
  await renamed.getByRole('button', { name: 'Delete' }).click()
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await dialog.waitFor({ state: 'detached' })
  await expect.poll(() => renamed.count()).toBe(0)
  await until('the gap', async () => (await recorder.timeline()).gaps.some((g) => g.reason === 'deleted'))

  await later.button('Record').click()
  await dialog.getByRole('button', { name: 'Record' }).click()
  await later.button('Recording').waitFor()
  await until('recording', async () => (await recorder.get<{ cameras: { stop: unknown }[] }>('/status')).cameras[0]?.stop === null)
})
