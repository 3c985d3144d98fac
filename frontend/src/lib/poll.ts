/**
 * poll calls f now and then every `every` ms after it has finished, but not
 * while the page is hidden. The result ends it.
 */
export function poll(f: () => Promise<void>, every: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let ended = false
  let running = false
  const run = async () => {
    if (ended || running || document.hidden) return
    clearTimeout(timer)
    running = true
    await f()
    running = false
    if (!ended) timer = setTimeout(() => void run(), every)
  }
  const shown = () => void run()
  document.addEventListener('visibilitychange', shown)
  void run()
  return () => {
    ended = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', shown)
  }
}
