// How this viewer likes the viewing screen; remembered in this browser.

import { isFlag, isNumber, isText, keep, kept } from './keep'
import { browserZone, type Zone } from './time'

export interface CaptionStyle {
  size: 'small' | 'medium' | 'large' | 'huge'
  position: 'bottom' | 'top'
  background: 'solid' | 'dim' | 'outline'
}

const isOne =
  <T extends string>(...all: T[]) =>
  (v: unknown): v is T =>
    isText(v) && all.some((a) => a === v)

export const sizes = ['small', 'medium', 'large', 'huge'] as const
export const backgrounds = ['solid', 'dim', 'outline'] as const
export const steps = [0.5, 1, 2, 3, 5] as const // seconds of the short step

class Prefs {
  zone = $state<'browser' | 'utc' | 'recorder'>(kept('zone', 'browser', isOne('browser', 'utc', 'recorder')))
  recorderZone = $state<Zone>('') // as the recorder says; empty: it does not
  step = $state(kept('step', 1, (v): v is number => isNumber(v) && steps.some((s) => s === v)))
  size = $state<CaptionStyle['size']>(kept('captionSize', 'medium', isOne(...sizes)))
  position = $state<CaptionStyle['position']>(kept('captionPosition', 'bottom', isOne('bottom', 'top')))
  background = $state<CaptionStyle['background']>(kept('captionBackground', 'solid', isOne(...backgrounds)))
  language = $state(kept('captionLanguage', '', isText)) // of captions shown; empty: all
  panel = $state(kept('panel', true, isFlag))
  low = $state(kept('lowLatency', false, isFlag))

  /** zoneName is the zone in which times are shown. */
  get zoneName(): Zone {
    if (this.zone === 'utc') return 'UTC'
    return this.zone === 'recorder' && this.recorderZone ? this.recorderZone : browserZone()
  }

  setZone(to: 'browser' | 'utc' | 'recorder') {
    keep('zone', (this.zone = to))
  }

  setStep(to: number) {
    keep('step', (this.step = to))
  }

  setSize(to: CaptionStyle['size']) {
    keep('captionSize', (this.size = to))
  }

  setPosition(to: CaptionStyle['position']) {
    keep('captionPosition', (this.position = to))
  }

  setBackground(to: CaptionStyle['background']) {
    keep('captionBackground', (this.background = to))
  }

  setLanguage(to: string) {
    keep('captionLanguage', (this.language = to))
  }

  setPanel(to: boolean) {
    keep('panel', (this.panel = to))
  }

  setLow(to: boolean) {
    keep('lowLatency', (this.low = to))
  }
}

export const prefs = new Prefs()
