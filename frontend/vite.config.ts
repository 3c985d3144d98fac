import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

// During `npm run dev` the API is that of a recorder on this machine.
const recorder = 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [svelte()],
  build: { target: 'es2022', chunkSizeWarningLimit: 400, modulePreload: { polyfill: false } },
  server: { proxy: { '/api': recorder, '/healthz': recorder } },
  // Without this condition Svelte's server half would be tested.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: { include: ['test/**/*.test.ts'], environment: 'jsdom', env: { TZ: 'UTC' } },
})
