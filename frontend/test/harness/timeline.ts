// A page to look at the timeline with made-up data: npx vite, then /test/harness/timeline.html?zoom=hour
// Parameters: zoom (second, minute, hour, day, year, all), lang (en, zh-TW, ko), theme (dark), hover (0 to 1, with y),
// drag, focus, zone, many (spans of a year), calendar.

import { mount } from 'svelte'
import '../../src/app.css'
import { answer } from './recorder'
import Page from './Page.svelte'

const q = new URLSearchParams(location.search)
const real = window.fetch
window.fetch = async (input, init) => {
  const url = new URL(String(input), location.href)
  return url.pathname.startsWith('/api/') ? answer(url, Number(q.get('many') ?? 0)) : real(input, init)
}
document.documentElement.lang = q.get('lang') ?? 'en'

const target = document.getElementById('app')
if (target) mount(Page, { target, props: { q } })
