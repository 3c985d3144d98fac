// The history that every file of flows begins with a copy of: two runs of the
// demo source, recorded once in real time, each with both of its spoken words.

import type { TestProject } from 'vitest/node'
import { Recorder, until } from './recorder'

declare module 'vitest' {
  interface ProvidedContext {
    history: string
  }
}

/** length of each run in seconds: the words are spoken at 5 and at 15 s. */
export const length = 20

export default async function record(project: TestProject) {
  const recorder = await Recorder.make({ captioned: true })
  try {
    for (const run of [1, 2]) {
      await recorder.start()
      await until(`run ${run}`, async () => ((await recorder.timeline()).spans.find((s) => s.from.position.startsWith(`${run}.`))?.length_ms ?? 0) >= length * 1000, 120_000)
      await until(`the captions of run ${run}`, async () => (await recorder.captions()).length >= 2 * run, 120_000)
      await recorder.stop()
    }
  } catch (e) {
    console.error(recorder.log)
    await recorder.remove()
    throw e
  }
  project.provide('history', recorder.data)
  return () => recorder.remove()
}
