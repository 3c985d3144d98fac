import { describe, expect, it } from 'vitest'
import { texts } from '../src/i18n/i18n.svelte'
import { actionOf, bindings, inner, presses, written, type Action } from '../src/lib/keys'

interface How {
  shift?: boolean
  ctrl?: boolean
  alt?: boolean
  meta?: boolean
  repeat?: boolean
  code?: string
}
const press = (key: string, { shift = false, ctrl = false, alt = false, meta = false, repeat = false, code = '' }: How = {}) =>
  actionOf({ key, code, shiftKey: shift, ctrlKey: ctrl, altKey: alt, metaKey: meta, repeat })

describe('keys', () => {
  const table: [string, How, Action | null][] = [
    [' ', {}, 'toggle'],
    ['k', {}, 'toggle'],
    ['K', {}, 'toggle'], // caps lock
    ['ArrowLeft', {}, 'back'],
    ['ArrowLeft', { shift: true }, 'back'],
    ['ArrowRight', {}, 'forward'],
    ['ArrowRight', { shift: true }, 'forward'],
    ['j', {}, 'back10'],
    ['l', {}, 'forward10'],
    ['ArrowLeft', { ctrl: true }, 'backMinute'],
    ['ArrowRight', { ctrl: true }, 'forwardMinute'],
    ['PageUp', { shift: true }, 'back10Minutes'],
    ['PageDown', { shift: true }, 'forward10Minutes'],
    ['PageDown', {}, null],
    [',', {}, 'frameBack'],
    ['.', {}, 'frameForward'],
    ['Home', {}, 'start'],
    ['End', {}, 'live'],
    ['<', { shift: true }, 'slower'],
    ['<', {}, 'slower'], // a key of its own on some keyboards
    ['>', { shift: true }, 'faster'],
    ['Backspace', {}, 'normal'],
    ['Backspace', { shift: true }, 'undo'],
    ['c', {}, 'captions'],
    ['v', {}, 'captions'],
    ['C', { shift: true }, 'captionLanguage'],
    ['ArrowLeft', { alt: true }, 'previousCaption'],
    ['ArrowRight', { alt: true }, 'nextCaption'],
    ['m', {}, 'mute'],
    ['f', {}, 'fullscreen'],
    ['Escape', {}, 'leaveFullscreen'],
    ['s', {}, 'snapshot'],
    ['b', {}, 'bookmark'],
    ['i', {}, 'markIn'],
    ['o', {}, 'markOut'],
    ['g', {}, 'goTo'],
    ['t', { ctrl: true }, 'goTo'],
    ['/', {}, 'search'],
    ['?', { shift: true }, 'help'],
    ['q', {}, null],
    ['s', { ctrl: true }, null],
    ['c', { meta: true }, null],
    ['ㅏ', { code: 'KeyK' }, 'toggle'], // a Korean layout
    ['ㅊ', { code: 'KeyC' }, 'captions'],
    ['Process', { code: 'KeyC' }, null], // an input method is at work
    ['ArrowLeft', { repeat: true }, 'back'],
    ['.', { repeat: true }, 'frameForward'],
    [' ', { repeat: true }, null],
    ['m', { repeat: true }, null],
    ['End', { repeat: true }, null],
  ]
  it.each(table)('%s %j is %s', (key, how, want) => expect(press(key, how)).toBe(want))

  it('are each for one thing only', () => {
    const all = bindings.flatMap((b) => b.keys)
    expect(new Set(all).size).toBe(all.length)
  })

  it('are told in the help in every language', () => {
    for (const of of Object.values(texts)) for (const b of bindings) expect(of[`key.${b.action}`]).not.toBe('')
    expect(written('Shift+ArrowLeft')).toEqual(['Shift', '←'])
  })

  it('are left to what has the focus', () => {
    document.body.innerHTML = '<button>go</button><p>text</p><input type="range"><div role="slider" tabindex="0"></div>'
    const [button, p, range] = [document.querySelector('button'), document.querySelector('p'), document.querySelector('input')]
    expect([presses(button, ' '), presses(button, 'k'), presses(p, ' '), presses(null, ' ')]).toEqual([true, false, false, false])
    expect([inner(range, 'ArrowLeft'), inner(range, 'j'), inner(document.querySelector('[role=slider]'), 'Home'), inner(p, 'Home')]).toEqual([true, false, true, false])
  })
})
