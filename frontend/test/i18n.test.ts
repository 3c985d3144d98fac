import { afterEach, describe, expect, it } from 'vitest'
import { choose, duration, i18n, n, reason, t, texts } from '../src/i18n/i18n.svelte'

const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()

afterEach(() => i18n.set('en'))

describe('texts', () => {
  const keys = Object.keys(texts.en)

  it.each(['zh-TW', 'ko'] as const)('are complete in %s', (language) => {
    expect(Object.keys(texts[language]).sort()).toEqual([...keys].sort())
    for (const [key, text] of Object.entries(texts[language])) {
      expect(text, key).not.toBe('')
      expect(holes(text), key).toEqual(holes(texts.en[key as keyof typeof texts.en]))
    }
  })

  it('take values, and leave what they do not get', () => {
    expect(t('live.behind', { time: '0:12' })).toBe('0:12 behind live')
    expect(t('live.behind')).toBe('{time} behind live')
    expect([n('transcript.hits', 1), n('transcript.hits', 3)]).toEqual(['1 caption found', '3 captions found'])
    i18n.set('ko')
    expect([n('transcript.hits', 1), reason('camera lost'), reason('something new')]).toEqual(['자막 1개를 찾음', '카메라 연결 끊김', 'something new'])
    expect(duration(3725)).toBe('1시간 2분')
  })

  it.each([
    [['fr', 'ko-KR', 'en'], 'ko'],
    [['zh-HK'], 'zh-TW'],
    [['en-GB', 'ko'], 'en'],
    [['fr'], 'en'],
    [[], 'en'],
  ])('of %j are those of %s', (wanted, language) => expect(choose(wanted)).toBe(language))
})
