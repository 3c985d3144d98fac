// Full screen and picture in picture, as far as the browser has them.

export class Full {
  on = $state(false)
  readonly pip = document.pictureInPictureEnabled === true

  /** watch keeps on up to date; the result ends it. */
  watch(): () => void {
    const changed = () => (this.on = document.fullscreenElement !== null)
    document.addEventListener('fullscreenchange', changed)
    return () => document.removeEventListener('fullscreenchange', changed)
  }

  async toggle(element: HTMLElement | undefined, video: HTMLVideoElement | undefined) {
    try {
      if (document.fullscreenElement) await document.exitFullscreen()
      else if (element?.requestFullscreen) await element.requestFullscreen()
      else (video as (HTMLVideoElement & { webkitEnterFullscreen?: () => void }) | undefined)?.webkitEnterFullscreen?.() // an iPhone has no other
    } catch {
      // The browser does not want to now.
    }
  }

  async leave() {
    if (document.fullscreenElement) await document.exitFullscreen().catch(() => undefined)
  }

  async float(video: HTMLVideoElement | undefined) {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture()
      else await video?.requestPictureInPicture()
    } catch {
      // As above.
    }
  }
}
