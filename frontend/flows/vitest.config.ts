import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// The page of a real recorder in a real browser: `npm run flows`, after
// `make build`. One file at a time, as each has a recorder and a browser.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    include: ['**/*.flow.ts'],
    environment: 'node',
    globalSetup: './lib/history.ts',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000, interval: 50 } },
  },
})
