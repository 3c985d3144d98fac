// Serves the built page with a recorder that is not there, to look at it:
//
//   npm run build && npx vite-node test/serve.ts -- 8090
//
// Something is said every few seconds.

import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { FakeRecorder } from './fake'

const types: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const day = 86_400_000
const now = Date.now()
const hour = 3600_000
const recorder = new FakeRecorder(now - day - hour - 160_000, now)
fill(recorder)

function fill(r: FakeRecorder) {
  r.keep(
    ...Array.from({ length: 160 }, (_, i) => r.caption(i * 20_000, i % 2 ? '오늘의 날씨를 알려 드립니다' : '지금 음악이 나오고 있습니다')),
    r.caption(hour + 60_000, '지금부터 회의를 시작하겠습니다', { run: 2, editor: 'a person', original: '지금부터 해의를 시작하겠습니다' }),
    r.caption(hour + 64_000, '今天的天氣很好，\n我們開始吧', { run: 2, language: 'zh-TW', model: { name: 'vosk-model-cn-0.22', hash: 'c' } }),
    r.caption(hour + 70_000, 'good morning everybody and welcome to the second day of the workshop', { run: 2, language: 'en', model: { name: 'vosk-model-en', hash: 'd' } }),
    r.caption(hour + 76_000, 'صباح الخير جميعا (2026)', { run: 2, language: 'ar', role: 'far', model: { name: 'vosk-model-ar', hash: 'e' } }),
    r.caption(hour + 82_000, '<img src=x onerror="alert(1)"> & <b>bold</b>', { run: 2, language: 'en', model: { name: 'vosk-model-en', hash: 'd' } }),
    r.caption(hour + 88_000, '내일은 전국에 비가 오겠으며 기온은 오늘보다 조금 낮겠습니다', { run: 2 }),
  )
  r.gaps.push({ kind: 'all', from: r.place(3_210_000), until: r.place(600_000, 2), reason: 'crash', detail: '' }, { kind: 'audio', from: r.place(hour + 20_000, 2), until: r.place(hour + 26_000, 2), reason: 'microphone lost', detail: '' })
  r.heard.push(r.stretch('off', r.place(hour + 10_000, 2), r.place(hour + 55_000, 2), 'und'), r.stretch('pending', r.place(hour + 90_000, 2), r.place(hour + 130_000, 2), 'ko', 'recognition was behind'))
  r.hearings = [r.hearing('listening', { pending_seconds: 40, off_seconds: 45 }), r.hearing('no model', { language: 'zh-TW', model: '', problem: 'no speech model for zh-TW: add one with `hindsight model add FILE.zip --language zh-TW` and choose it with `hindsight model use NAME --language zh-TW`' })]
}

const lines = ['내일은 맑고 기온이 오르겠습니다', '이어서 음악을 들려 드리겠습니다', '오늘도 좋은 하루 보내시기 바랍니다']
let said = 0
let shown = 0

setInterval(() => {
  recorder.now = Date.now()
  for (const j of recorder.jobs) {
    if (j.state === 'running' && (j.progress = Math.min(1, j.progress + 0.02)) >= 1) j.state = 'done'
  }
  const line = lines[said % lines.length] ?? ''
  const words = line.split(' ')
  const ms = Date.now() - recorder.epoch - day - 2000
  shown++
  if (shown <= words.length) recorder.tell('partial', { ...recorder.caption(ms, words.slice(0, shown).join(' '), { run: 2 }), id: 0 })
  if (shown === words.length + 2) recorder.keep(recorder.caption(ms, line, { run: 2 }))
  if (shown > words.length + 3) [shown, said] = [0, said + 1]
}, 700)

async function body(q: IncomingMessage): Promise<Record<string, unknown> | null> {
  const parts: Buffer[] = []
  for await (const part of q) parts.push(part as Buffer)
  const text = Buffer.concat(parts).toString()
  return text ? (JSON.parse(text) as Record<string, unknown>) : null
}

function live(q: IncomingMessage, a: ServerResponse) {
  a.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('retry: 2000\n\n')
  const since = Number(new URL(q.url ?? '', 'http://recorder').searchParams.get('since') ?? 0)
  q.on('close', recorder.subscribe((event, data, id) => a.write(`event: ${event}\n${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`), since))
}

async function handle(q: IncomingMessage, a: ServerResponse) {
  const path = q.url ?? '/'
  if (path.startsWith('/api/v1/captions/live')) return live(q, a)
  if (path.startsWith('/api/')) {
    const said = recorder.answer(q.method ?? 'GET', path, await body(q))
    a.writeHead(said.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(said.body))
    return undefined
  }
  const name = normalize(path === '/' ? '/index.html' : path.split('?')[0] ?? '')
  const file = await readFile(join(import.meta.dirname, '../dist', name)).catch(() => null)
  a.writeHead(file ? 200 : 404, { 'Content-Type': types[extname(name)] ?? 'text/plain' }).end(file ?? '')
  return undefined
}

const port = Number(process.argv.at(-1)) || 0
const server = createServer((q, a) => void handle(q, a)).listen(port, '127.0.0.1', () => console.log('http://127.0.0.1:' + (server.address() as { port: number }).port))
