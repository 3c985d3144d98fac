import { flushSync, mount, unmount } from 'svelte'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bridge, held, hostOf } from '../src/bridge/bridge'
import CloseDialog from '../src/view/CloseDialog.svelte'
import Connect from '../src/view/Connect.svelte'
import { connection, fakeWindow } from './window'

let shown: ReturnType<typeof mount> | undefined

afterEach(async () => {
  if (shown) await unmount(shown)
  shown = undefined
  delete window.go
  delete window.runtime
  document.body.innerHTML = ''
})

const text = () => {
  flushSync()
  return document.body.textContent?.replace(/\s+/g, ' ') ?? ''
}
const button = (name: string) => {
  flushSync()
  const b = [...document.querySelectorAll('button')].find((x) => x.textContent?.includes(name) || x.getAttribute('aria-label')?.includes(name))
  if (!b) throw new Error(`no button ${name}`)
  return b
}
const type = (id: string, value: string) => {
  const field = document.querySelector<HTMLInputElement>(`#${id}`)
  if (!field) throw new Error(`no field ${id}`)
  field.value = value
  field.dispatchEvent(new Event('input', { bubbles: true }))
  flushSync()
}

function show(app: ReturnType<typeof fakeWindow>, again = false) {
  window.go = { main: { App: app } }
  const b = bridge()
  if (!b) throw new Error('no bridge')
  const onconnect = vi.fn()
  shown = mount(Connect, { target: document.body, props: { bridge: b, again, onconnect } })
  return onconnect
}

describe('the connect screen', () => {
  it('lists who answered and what was open before, and forgets on request', async () => {
    let recent = [{ address: 'rtsp://10.0.0.7/live', seen: '2026-11-24T10:15:00Z' }]
    const Connect = vi.fn(() => Promise.resolve(connection))
    const onconnect = show(
      fakeWindow({
        Connect,
        Find: () => Promise.resolve([{ name: 'Kiosk', version: '0.3', address: 'http://10.0.0.9:8080' }]),
        Recent: () => Promise.resolve(recent),
        Forget: (a) => ((recent = recent.filter((r) => r.address !== a)), Promise.resolve()),
      }),
    )
    await vi.waitFor(() => expect(text()).toContain('10.0.0.9:8080 · version 0.3'))
    expect(text()).toContain('last seen')
    button('Forget rtsp://10.0.0.7/live').click()
    await vi.waitFor(() => expect(text()).toContain('Nothing was opened in this window yet.'))
    button('Kiosk').click()
    await vi.waitFor(() => expect(onconnect).toHaveBeenCalledWith(connection, ''))
    expect(Connect).toHaveBeenCalledWith('http://10.0.0.9:8080', { user: '', password: '', keep: false })
  })

  it('opens the last one by itself when the window opens, and only then', async () => {
    const recent = { Recent: () => Promise.resolve([{ address: 'http://pi:8080', seen: '2026-11-24T10:15:00Z' }]) }
    const opened = show(fakeWindow(recent), true)
    await vi.waitFor(() => expect(opened).toHaveBeenCalled())
    if (shown) await unmount(shown)
    const Connect = vi.fn(() => Promise.resolve(connection))
    show(fakeWindow({ ...recent, Connect }))
    await vi.waitFor(() => expect(document.querySelector<HTMLInputElement>('#address')?.value).toBe('http://pi:8080'))
    expect(Connect).not.toHaveBeenCalled()
  })

  it('asks who one is, again when that is wrong, and says what was not kept', async () => {
    const Connect = vi.fn((address: string, login: { user: string; password: string }) =>
      Promise.resolve({ ...connection, address, foreign: login.password === 'right', credentials: login.password !== 'right' }),
    )
    const onconnect = show(fakeWindow({ Connect }))
    await vi.waitFor(() => button('Connect'))
    type('address', 'rtsp://cam/live')
    document.querySelector('form')?.requestSubmit()
    await vi.waitFor(() => expect(text()).toContain('rtsp://cam/live asks who you are.'))
    type('login-user', 'kim')
    type('login-password', 'wrong')
    document.querySelector<HTMLFormElement>('dialog form')?.requestSubmit()
    await vi.waitFor(() => expect(text()).toContain('does not take this user name'))
    type('login-password', 'right')
    document.querySelector<HTMLFormElement>('dialog form')?.requestSubmit()
    await vi.waitFor(() => expect(onconnect).toHaveBeenCalled())
    expect(onconnect.mock.calls[0]?.[1]).toMatch(/This is no Hindsight.*The password was not kept/)
    expect(onconnect).toHaveBeenCalledTimes(1)
  })

  it('names what the machine lacks', async () => {
    show(fakeWindow({ Missing: () => Promise.resolve([{ package: 'gstreamer1.0-plugins-bad', for: 'everything' }]) }))
    await vi.waitFor(() => expect(text()).toContain('the package gstreamer1.0-plugins-bad is missing'))
  })

  it('says when the network cannot be searched', async () => {
    show(fakeWindow({ Find: () => Promise.reject('no multicast') }))
    await vi.waitFor(() => expect(text()).toContain('This network cannot be searched: no multicast'))
  })

  it('knows the host of every kind of address', () => {
    expect(['http://pi:8080', 'rtsp://cam:554/live', 'nonsense'].map(hostOf)).toEqual(['pi', 'cam', ''])
  })
})

describe('closing the window', () => {
  it('holds what plays while it asks; Cancel lets it go on, Quit says so', async () => {
    let heard: (...data: unknown[]) => void = () => {}
    window.runtime = { EventsOn: (_, f) => ((heard = f), () => {}) }
    const calls: string[] = []
    const note = (what: string) => (...rest: unknown[]) => (calls.push([what, ...rest].join(' ')), Promise.resolve())
    window.go = { main: { App: fakeWindow({ Asked: note('asked'), Stay: note('stay'), Quit: note('quit') }) } }
    for (const what of ['hold', 'release']) held.addEventListener(what, () => calls.push(what))
    const b = bridge()
    if (!b) throw new Error('no bridge')
    shown = mount(CloseDialog, { target: document.body, props: { bridge: b } })
    flushSync()
    heard(false)
    expect(text()).toContain('Close Hindsight?')
    expect(text()).not.toContain('closing ends it')
    button('Cancel').click()
    flushSync()
    expect(document.querySelector('dialog')).toBeNull()
    heard(true)
    expect(text()).toContain('closing ends it')
    document.querySelector<HTMLInputElement>('dialog input')?.click()
    button('Quit').click()
    expect(calls).toEqual(['hold', 'asked', 'stay', 'release', 'hold', 'asked', 'quit true'])
  })
})
