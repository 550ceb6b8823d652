import assert from 'node:assert/strict'
import type { GenerationDescription } from '@hypershard/contract'
import { BuildWatch, ratesMax, type WatchedBuild } from './build-watch.ts'

function event(documents_per_second: number, caught_up = false): GenerationDescription {
  return { phase: 'building', progress: { documents_per_second, caught_up } } as GenerationDescription
}

describe('a build that is watched', () => {
  const told: WatchedBuild[] = []
  let pauses = 0

  /** @param streams each time the events are asked for: what comes, an error breaking them off */
  function watch(streams: readonly (readonly (GenerationDescription | Error)[])[]) {
    let at = 0
    return new BuildWatch({
      async *watch() {
        for (const one of streams[at++] ?? []) {
          if (one instanceof Error) throw one
          yield one
        }
      },
      tell: build => told.push(build),
      pause: async () => void pauses++,
    })
  }

  beforeEach(() => {
    told.length = 0
    pauses = 0
  })

  it('is told event by event until it has caught up', async () => {
    await watch([[event(5), event(7), event(0, true)]]).run()
    assert.deepEqual(
      told.map(({ rates, ended }) => [rates.at(-1), ended]),
      [
        [5, false],
        [7, false],
        [0, true],
      ],
    )
    assert.equal(pauses, 0)
  })

  it('is kept when the events break off, which are asked for again after a pause', async () => {
    const failure = new Error('broken off')
    await watch([[event(5), failure], [failure], [event(9, true)]]).run()
    const seen = told.map(({ generation, error }) => [generation?.progress.documents_per_second, error])
    assert.deepEqual(seen, [
      [5, undefined],
      [5, failure],
      [5, failure],
      [9, undefined],
    ])
    assert.deepEqual([pauses, told.at(-1)!.rates], [2, [5, 9]])
  })

  it('keeps as many rates as can be shown', async () => {
    await watch([Array.from({ length: ratesMax + 50 }, (_, at) => event(at))]).run()
    assert.deepEqual([told.at(-1)!.rates.length, told.at(-1)!.rates[0]], [ratesMax, 50])
  })

  it('is told to nobody any more once nobody watches', async () => {
    const watching = watch([[event(1)]])
    watching.stop()
    await watching.run()
    assert.deepEqual(told, [])
  })
})
