import assert from 'node:assert/strict'
import { quietContext } from '@hypershard/harness'
import { externalModel } from '@hypershard/storage'
import { ingestLog } from '../ingest/ingest-log.ts'
import { TestLog } from '../testing/test-log.ts'
import { sampleQueries } from './sample-queries.ts'

describe('sample queries of an index whose vectors come from outside', () => {
  let log: TestLog

  beforeEach(async () => {
    log = await TestLog.create()
  })

  afterEach(() => log.remove())

  async function sampled(architecture: string) {
    await log.write({ a: 'x', b: 'xxx', c: 'xxxxx' })
    await log.write({ b: null })
    const { manifest } = await ingestLog(log.generation, log.parts, quietContext())
    const model = externalModel(architecture)
    return sampleQueries(log, { manifest, segments: manifest.segments, given: null, model }, quietContext())
  }

  it('are inner products with vectors of documents that are not deleted, and no text is encoded', async () => {
    const { kind, qnets } = (await sampled('2-1:relu:0000'))!
    assert.equal(kind, 'made')
    assert.deepEqual(
      qnets.map(({ matrices }) => [...matrices[0]!]),
      [
        [1, 1],
        [5, 1],
      ],
    )
    assert.deepEqual(log.encoder.queries, [])
  })

  it('are none where its q-nets have layers, which nobody can make up', async () => {
    assert.equal(await sampled('2-3-1:relu:0000'), undefined)
  })
})
