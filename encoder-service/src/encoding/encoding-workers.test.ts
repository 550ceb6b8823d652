import assert from 'node:assert/strict'
import { silentLogger, systemClock } from '@hypershard/common'
import { EncodingWorkers } from './encoding-workers.ts'

const file = new URL('../testing/mortal-worker.ts', import.meta.url)

describe('the encoding workers', () => {
  let workers: EncodingWorkers | undefined
  afterEach(async () => {
    await workers?.stop()
    workers = undefined
  })

  async function start(modelDirectories: string[] = []): Promise<EncodingWorkers> {
    const settings = { modelDirectories, crossEncoderDirectories: [], threads: 1, kernel: 'fp32' as const }
    const onFatal = (error: Error) => assert.fail(error)
    workers = await EncodingWorkers.start({ settings, file, clock: systemClock, log: silentLogger(), onFatal })
    return workers
  }

  it('answers documents while a query never ends, and lets no death of theirs end the query', async () => {
    const running = await start()
    let ended = false
    const query = running.call('encodeQueries', { model: 0, queries: [] })
    query
      .catch(() => undefined)
      .finally(() => {
        ended = true
      })
    assert.deepEqual(await running.call('tokenizeDocuments', { model: 0, texts: [] }), [])
    await assert.rejects(running.call('encodeDocuments', { model: 0, ids: [] }), /worker ended: as asked/)
    assert.deepEqual(await running.call('tokenizeDocuments', { model: 0, texts: [] }), [])
    assert.equal(ended, false)
  })

  it('does not start with one worker alone', async () => {
    await assert.rejects(start(['die as document']), { code: 'internal', message: /at its start: dead at the start/ })
    await assert.rejects(start(['die as query']), { code: 'internal', message: /at its start: dead at the start/ })
  })

  it('refuses workers that read different models', async () => {
    await assert.rejects(start(['another model as document']), {
      code: 'invalid_model',
      message: /changed while it was read/,
    })
  })
})
