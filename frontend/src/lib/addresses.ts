/**
 * watch orders a camera's addresses for somebody who reached the recorder at
 * host: that one first, and loopback only for who is on the same machine.
 */
export function watch(addresses: string[], host: string): string[] {
  const here = isLoopback(host)
  const out: string[] = []
  const add = (a: string) => {
    if (!out.includes(a)) out.push(a)
  }
  const first = addresses[0]
  if (host && first && !here) add(withHost(first, host))
  for (const a of addresses) if (isLoopback(hostOf(a)) === here) add(a)
  if (out.length === 0 || here) addresses.forEach(add)
  return out
}

const isLoopback = (host: string) => host === 'localhost' || host.startsWith('127.') || host === '[::1]'

const parts = /^(rtsps?:\/\/)(\[[^\]]*\]|[^:/]*)(.*)$/

const hostOf = (address: string) => parts.exec(address)?.[2] ?? ''

const withHost = (address: string, host: string) => address.replace(parts, `$1${host}$3`)
