// A desktop window that is none, for tests.

import type { Connected } from '../src/bridge/bridge'

type App = NonNullable<NonNullable<NonNullable<Window['go']>['main']>['App']>

export const connection: Connected = { address: 'http://pi:8080', credentials: false, foreign: false, pageless: false, kept: false }

/** fakeWindow is one in which nothing was shown yet and nobody is found; some of it may be given. */
export function fakeWindow(some: Partial<App> = {}): App {
  return {
    Address: () => Promise.resolve(''),
    Connect: () => Promise.resolve(connection),
    Recent: () => Promise.resolve([]),
    Forget: () => Promise.resolve(),
    Find: () => Promise.resolve([]),
    Save: () => Promise.resolve(''),
    Player: (camera) => Promise.resolve(`ws://127.0.0.1:1/api/v1/player?camera=${camera}&token=x`),
    Missing: () => Promise.resolve([]),
    Busy: () => Promise.resolve(),
    Resized: () => Promise.resolve(),
    Asked: () => Promise.resolve(),
    Stay: () => Promise.resolve(),
    Quit: () => Promise.resolve(),
    ...some,
  }
}
