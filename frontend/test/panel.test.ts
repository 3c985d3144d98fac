import { flushSync, mount, unmount } from 'svelte'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { viewer } from '../src/lib/viewer.svelte'
import App from '../src/view/App.svelte'
import { FakeEventSource, FakeRecorder } from './fake'

const epoch = Date.parse('2026-11-24T10:00:00Z')
let recorder: FakeRecorder
let reachable: boolean
let app: ReturnType<typeof mount> | undefined

beforeEach(() => {
  recorder = new FakeRecorder(epoch, epoch + 600_000)
  recorder.hearings = [recorder.hearing('listening')]
  reachable = true
  FakeEventSource.recorder = recorder
  FakeEventSource.opened = []
  vi.stubGlobal('EventSource', FakeEventSource)
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  )
  vi.stubGlobal('fetch', (path: string, init?: RequestInit) => {
    if (!reachable) return Promise.reject(new TypeError('network'))
    const type = new Headers(init?.headers).get('Content-Type')
    if (init?.method && init.method !== 'GET' && init.method !== 'DELETE' && type !== 'application/json') {
      return Promise.resolve(new Response('{"error":"want a body of Content-Type: application/json"}', { status: 415 }))
    }
    const said = recorder.answer(init?.method ?? 'GET', path, init?.body ? (JSON.parse(String(init.body)) as Record<string, unknown>) : null)
    return Promise.resolve(new Response(JSON.stringify(said.body), { status: said.status }))
  })
})

afterEach(async () => {
  if (app) await unmount(app)
  app = undefined
  document.body.innerHTML = ''
  if (!viewer.captions) viewer.toggleCaptions()
  localStorage.clear()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const find = <E extends Element = HTMLElement>(selector: string): E => {
  flushSync()
  const e = document.querySelector<E>(selector)
  if (!e) throw new Error(`there is no ${selector}`)
  return e
}
const plain = (e: Element | null) => e?.textContent?.replace(/\s+/g, ' ').trim() ?? ''
const text = () => {
  flushSync()
  return plain(document.body)
}
const lines = () => {
  flushSync()
  return [...document.querySelectorAll('[data-caption] .text')].map(plain)
}
const button = (name: string, within: ParentNode = document) => {
  flushSync()
  const b = [...within.querySelectorAll<HTMLButtonElement>('button')].find((b) => plain(b).startsWith(name))
  if (!b) throw new Error(`there is no button ${name}`)
  return b
}
const type = (field: HTMLInputElement | HTMLTextAreaElement, value: string) => {
  field.value = value
  field.dispatchEvent(new Event('input', { bubbles: true }))
  flushSync()
}
const key = (k: string, target: EventTarget = document.body) => {
  const e = new KeyboardEvent('keydown', { key: k, bubbles: true, cancelable: true })
  target.dispatchEvent(e)
  flushSync()
  return e
}
const stream = () => {
  const s = FakeEventSource.opened.at(-1)
  if (!s) throw new Error('nothing listens')
  return s
}

async function show(first = '') {
  app = mount(App, { target: document.body, props: { look: 'recorder' } })
  await vi.waitFor(() => expect(text()).toContain(first || 'No captions yet'))
  await vi.waitFor(() => expect(FakeEventSource.opened.length).toBeGreaterThan(0))
}

describe('what is said now', () => {
  it('changes while it is spoken, and stays once it is final', async () => {
    await show()
    recorder.tell('partial', { ...recorder.caption(1000, '오늘의'), id: 0 })
    expect(plain(find('.partial .text'))).toBe('오늘의')
    recorder.tell('partial', { ...recorder.caption(1000, '오늘의 날씨'), id: 0 })
    expect(plain(find('.partial .text'))).toBe('오늘의 날씨')
    expect(document.querySelector('[aria-live="polite"]')?.textContent?.trim()).toBe('')
    recorder.keep(recorder.caption(1000, '오늘의 날씨를'))
    expect(lines()).toEqual(['오늘의 날씨를'])
    expect(document.querySelector('.partial')).toBeNull()
    expect(plain(find('[aria-live="polite"]'))).toBe('오늘의 날씨를')
    expect(find('[data-caption] .when').textContent).toBe('10:00:01')
    expect(find('[data-caption] .text').lang).toBe('ko')
    expect(find('[data-caption] .text').dir).toBe('auto')
  })

  it('keeps what is being spoken when the caption before it comes', async () => {
    await show()
    recorder.tell('partial', { ...recorder.caption(4000, 'next'), id: 0 })
    recorder.keep(recorder.caption(1000, 'before'))
    expect(lines()).toEqual(['before'])
    expect(plain(find('.partial .text'))).toBe('next')
    recorder.tell('partial', { ...recorder.caption(4000, ''), id: 0 })
    expect(plain(find('.partial .text'))).toBe('next') // its final may come in a moment
    await vi.waitFor(() => expect(text()).not.toContain('next'), 5000)
  })

  it('puts what comes late where it was spoken, and nothing twice', async () => {
    recorder.captions = [recorder.caption(1000, 'one'), recorder.caption(9000, 'three')]
    await show('three')
    const late = recorder.caption(5000, 'two')
    recorder.keep(late)
    recorder.tell('final', late, late.id)
    expect(lines()).toEqual(['one', 'two', 'three'])
  })

  it('goes on behind the last caption after the connection broke', async () => {
    await show()
    recorder.keep(recorder.caption(1000, 'before'))
    const last = recorder.captions.at(-1)?.id
    stream().fail()
    expect(text()).toContain('The connection is gone; trying again.')
    recorder.captions.push(recorder.caption(4000, 'meanwhile'))
    await vi.waitFor(() => expect(FakeEventSource.opened).toHaveLength(2), 5000)
    expect(stream().url).toContain(`since=${last}`)
    await vi.waitFor(() => expect(lines()).toEqual(['before', 'meanwhile']))
    expect(text()).not.toContain('The connection is gone')
  })

  it('takes away what was deleted, and shows what took its place', async () => {
    recorder.captions = [recorder.caption(1000, 'one'), recorder.caption(5000, 'two'), recorder.caption(9000, 'three')]
    await show('three')
    recorder.captions = recorder.captions.filter((c) => c.text !== 'two')
    recorder.tell('deleted', { from: recorder.place(4000), until: recorder.place(8000), language: 'ko' })
    expect(lines()).toEqual(['one', 'three'])
    recorder.keep(recorder.caption(5500, 'two, made again'))
    expect(lines()).toEqual(['one', 'two, made again', 'three'])
  })

  it('shows hostile text as text, and tells languages apart', async () => {
    recorder.captions = [
      recorder.caption(1000, '<img src=x onerror="alert(1)">&amp;', { language: 'en' }),
      recorder.caption(5000, '今天的\n天氣', { language: 'zh-TW' }),
      recorder.caption(9000, 'صباح الخير', { language: 'ar', role: 'far' }),
    ]
    await show('صباح')
    expect(lines()).toEqual(['<img src=x onerror="alert(1)">&amp;', '今天的天氣', 'صباح الخير'])
    expect(document.querySelector('[data-caption] img')).toBeNull()
    expect([...document.querySelectorAll('[data-caption] .tag')].map(plain)).toEqual(['en', 'zh-TW', 'ar', 'far end'])
    const language = find<HTMLSelectElement>('select[aria-label="Language shown"]')
    language.value = 'zh-TW'
    language.dispatchEvent(new Event('change', { bubbles: true }))
    expect(lines()).toEqual(['今天的天氣'])
  })

  it('marks gaps and where nothing was to be captioned', async () => {
    recorder.captions = [recorder.caption(1000, 'one'), recorder.caption(300_000, 'two')]
    recorder.gaps = [{ kind: 'all', from: recorder.place(10_000), until: recorder.place(70_000), reason: 'crash', detail: '' }]
    recorder.heard = [recorder.stretch('off', recorder.place(100_000), recorder.place(160_000), 'und')]
    await show('two')
    await vi.waitFor(() => expect(text()).toContain('Nothing recorded for 1 min: sudden stop'))
    expect(text()).toContain('10:01:40 to 10:02:40 · Recognition was off')
    expect(text()).toContain('Tuesday, 24 November 2026')
  })

  it('lets the reader scroll up, and jump back', async () => {
    recorder.captions = Array.from({ length: 150 }, (_, i) => recorder.caption(i * 3000, `line ${i}`))
    await show('line 149')
    const box = find('[role=region]')
    let height = 1000
    Object.defineProperties(box, { scrollHeight: { get: () => height }, clientHeight: { value: 300 } })
    box.scrollTop = 200
    box.dispatchEvent(new Event('scroll'))
    recorder.keep(recorder.caption(460_000, 'new one'))
    flushSync()
    await Promise.resolve()
    expect(box.scrollTop).toBe(200)
    const jump = button('Jump to live')
    expect(plain(jump)).toContain('1 new')
    button('Earlier').click()
    height = 1900
    await vi.waitFor(() => expect(lines()[0]).toBe('line 0'))
    await vi.waitFor(() => expect(box.scrollTop).toBe(1100)) // the same lines as before
    expect(lines()).toHaveLength(151)
    jump.click()
    await vi.waitFor(() => expect(box.scrollTop).toBe(1900))
    expect(text()).not.toContain('Jump to live')
  })
})

describe('search', () => {
  beforeEach(() => {
    recorder.captions = Array.from({ length: 400 }, (_, i) => recorder.caption(i * 1000, i % 4 ? `filler ${i}` : `Weather ${i}`, { language: 'en' }))
  })

  it('finds, loads more, and shows a hit where it was said', async () => {
    await show('filler 399')
    const field = find<HTMLInputElement>('input[type=search]')
    type(field, 'weather')
    await vi.waitFor(() => expect(text()).toContain('50 newest captions have “weather”'), 20_000)
    const hits = () => [...document.querySelectorAll('.hits li button')]
    expect(plain(hits()[0] ?? null)).toBe('10:06:36 Weather 396')
    expect(plain(hits()[0]?.querySelector('mark') ?? null)).toBe('Weather')
    button('Earlier ones').click()
    await vi.waitFor(() => expect(hits()).toHaveLength(100))
    ;(hits().at(-1) as HTMLButtonElement).click()
    await vi.waitFor(() => expect(lines()[0]).toBe('Weather 0'))
    expect(lines()).not.toContain('filler 399')
    const line = find('[data-caption].chosen')
    expect(plain(line.querySelector('mark'))).toBe('Weather')
    expect(plain(line)).toContain('2026-11-24 10:00:00 UTC')
    expect(plain(line)).toContain('position 1.0')
    expect(line.querySelector('a')?.getAttribute('href')).toBe('/api/v1/export.mp4?camera=cam&from=2026-11-24T09%3A59%3A46.000Z&to=2026-11-24T10%3A00%3A16.000Z')
    await vi.waitFor(() => expect(line.querySelector('.when') === document.activeElement).toBe(true))
    button('Choose it for download', line).click()
    flushSync()
    expect(find<HTMLInputElement>('input[type=datetime-local]').value).toContain('2026-11-24T09:59:46')
    recorder.keep(recorder.caption(500_000, 'said meanwhile'))
    expect(lines()).not.toContain('said meanwhile')
    button('Later').click()
    await vi.waitFor(() => expect(lines().length).toBeGreaterThan(150))
    button('Jump to live').click()
    await vi.waitFor(() => expect(lines().at(-1)).toBe('said meanwhile'))
  })

  it('says when nothing was found, and what went wrong', async () => {
    await show('filler 399')
    const field = find<HTMLInputElement>('input[type=search]')
    type(field, 'snow')
    find<HTMLFormElement>('form[role=search]').requestSubmit()
    await vi.waitFor(() => expect(text()).toContain('Nothing that is kept has “snow”.'))
    reachable = false
    type(field, 'rain')
    find<HTMLFormElement>('form[role=search]').requestSubmit()
    await vi.waitFor(() => expect(text()).toContain('The recorder does not answer.'))
  })
})

describe('editing', () => {
  it('changes a text by hand, says so, and takes it back', async () => {
    recorder.captions = [recorder.caption(1000, 'wether')]
    await show('wether')
    find<HTMLButtonElement>('.when').click()
    button('Edit').click()
    const field = find<HTMLTextAreaElement>('textarea[aria-label="Text of the caption"]')
    expect(field === document.activeElement).toBe(true) // comparing elements themselves would print the whole page
    type(field, '  ')
    key('Enter', field)
    expect(text()).toContain('A caption must have some text.')
    type(field, 'weather')
    key('Enter', field)
    await vi.waitFor(() => expect(lines()).toEqual(['weather']))
    expect(find('.edited').title).toBe('Recognised: wether')
    expect(text()).toContain('Changed by a person. Recognised: wether')
    await vi.waitFor(() => expect(text()).toContain('Saved'))
    button('Undo the change').click()
    await vi.waitFor(() => expect(lines()).toEqual(['wether']))
    expect(document.querySelector('.edited')).toBeNull()
  })

  it('shows what another screen changed', async () => {
    recorder.captions = [recorder.caption(1000, 'wether')]
    await show('wether')
    recorder.answer('PATCH', `/api/v1/captions/${recorder.captions[0]?.id}?camera=cam`, { text: 'weather' })
    expect(lines()).toEqual(['weather'])
  })

  it('keeps the draft where the recorder refuses', async () => {
    recorder.captions = [recorder.caption(1000, 'wether')]
    recorder.readOnly = true
    await show('wether')
    find<HTMLButtonElement>('.when').click()
    button('Edit').click()
    const field = find<HTMLTextAreaElement>('textarea')
    type(field, 'weather')
    key('Enter', field)
    await vi.waitFor(() => expect(text()).toContain('it is only read'))
    expect(field.value).toBe('weather')
    key('Escape', field)
    expect(document.querySelector('[data-caption] textarea')).toBeNull()
  })
})

describe('the operator', () => {
  const open = async () => {
    const details = find<HTMLDetailsElement>('details')
    details.open = true
    details.dispatchEvent(new Event('toggle'))
    await vi.waitFor(() => expect(text()).toContain('Recognise speech'))
  }

  it('switches recognition off for everybody, in words', async () => {
    await show()
    await open()
    const toggle = find<HTMLButtonElement>('[role=switch]')
    expect(toggle.getAttribute('aria-checked')).toBe('true')
    toggle.click()
    await vi.waitFor(() => expect(toggle.getAttribute('aria-checked')).toBe('false'))
    expect(recorder.settings.captions).toBe('off')
    expect(text()).toContain('Recording goes on without captions.')
  })

  it('sends the settings that were changed, and shows why one cannot be', async () => {
    await show()
    await open()
    type(find<HTMLTextAreaElement>('form[aria-label^="Settings"] textarea'), '날씨\n음악, ')
    const add = find<HTMLSelectElement>('select[aria-label="Add a language"]')
    add.value = 'zh-TW'
    add.dispatchEvent(new Event('change', { bubbles: true }))
    flushSync()
    button('Save').click()
    await vi.waitFor(() => expect(recorder.settings.phrases).toEqual(['날씨', '음악']))
    expect(recorder.asked.find((a) => a.method === 'PATCH')?.body).toEqual({ languages: ['zh-TW'], phrases: ['날씨', '음악'] })
    await vi.waitFor(() => expect(text()).toContain('Saved; it holds from now on.'))
    recorder.fixed = ['captions']
    find<HTMLButtonElement>('[role=switch]').click()
    await vi.waitFor(() => expect(text()).toContain('captions is set by HINDSIGHT_CAPTIONS; change it there'))
    expect(find('[role=switch]').getAttribute('aria-checked')).toBe('true')
  })

  it('captions the time when recognition was off, shows how far it is, and cancels', async () => {
    recorder.hearings = [recorder.hearing('listening', { off_seconds: 120 })]
    recorder.heard = [
      recorder.stretch('off', recorder.place(10_000), recorder.place(70_000), 'und'),
      recorder.stretch('off', recorder.place(100_000), recorder.place(160_000), 'und'),
    ]
    await show()
    await open()
    expect(text()).toContain('the time when recognition was off (2 min)')
    button('Make captions').click()
    await vi.waitFor(() => expect(recorder.jobs).toHaveLength(2))
    expect(recorder.asked.filter((a) => a.method === 'POST').map((a) => a.body)).toEqual([
      { from: '1.10000', to: '1.70000' },
      { from: '1.100000', to: '1.160000' },
    ])
    await vi.waitFor(() => expect(text()).toContain('25 %, 3 captions'))
    expect(find<HTMLProgressElement>('progress').value).toBe(0.25)
    button('Cancel', find('ul[aria-label="Captions being made"]')).click()
    await vi.waitFor(() => expect(text()).toContain('cancelled, 3 captions'))
    expect(recorder.jobs.map((j) => j.state)).toEqual(['running', 'cancelled']) // the last is the first shown
  })

  it('says in words that a recording is only read', async () => {
    recorder.readOnly = true
    recorder.hearings = []
    await show()
    find<HTMLDetailsElement>('details').open = true
    find('details').dispatchEvent(new Event('toggle'))
    await vi.waitFor(() => expect(text()).toContain('no recorder runs on this recording: it is only read'))
    expect(text()).toContain('what was captioned before can be read and searched')
  })
})

describe('the viewer', () => {
  it('hides captions on this screen with a key, and is remembered; recognition goes on', async () => {
    recorder.captions = [recorder.caption(1000, 'one')]
    await show('one')
    const first = stream()
    key('c')
    expect(document.querySelector('[role=region]')).toBeNull()
    expect(first.closed).toBe(true)
    expect(localStorage.getItem('hindsight.captions')).toBe('hidden')
    expect(recorder.asked.some((a) => a.method !== 'GET')).toBe(false)
    key('c')
    await vi.waitFor(() => expect(lines()).toEqual(['one']))
  })

  it('searches with a slash, and types it in a field', async () => {
    await show()
    key('c')
    expect(key('/').defaultPrevented).toBe(true)
    await vi.waitFor(() => expect(find('input[type=search]') === document.activeElement).toBe(true))
    const field = find('input[type=search]')
    expect(key('/', field).defaultPrevented).toBe(false)
    key('c', field)
    expect(viewer.captions).toBe(true)
  })

  it('downloads captions of the same range as the picture', async () => {
    await show()
    const link = (ending: string) => find(`a[href^="/api/v1/captions.${ending}"]`).getAttribute('href')
    const mp4 = find('a.primary').getAttribute('href') ?? ''
    for (const ending of ['vtt', 'srt', 'txt']) expect(link(ending)).toContain(mp4.split('?')[1])
  })

  it('asks a recorder from before captions for none', async () => {
    recorder.hearings = undefined as never
    app = mount(App, { target: document.body, props: { look: 'recorder' } })
    await vi.waitFor(() => expect(text()).toContain('Recording'))
    expect(text()).not.toContain('Captions')
    expect(recorder.asked.some((a) => a.path.includes('captions'))).toBe(false)
  })
})
