import assert from 'node:assert/strict'
import { createTemporaryStore, type TemporaryStore } from '@hypershard/harness/stores'
import fc from 'fast-check'
import { externalArchitecture, externalModel } from '../catalog/generation/external-model.ts'
import { LogPartBuilder, type Operation, readLogPart } from './operation.ts'

const log = { index: 'papers', indexUid: '995b2bdf-7e89-40f9-bed2-b4577f1ba86a' }

describe('a vector of its own in a part of the write log', () => {
  let temporary: TemporaryStore

  before(async () => {
    temporary = await createTemporaryStore()
  })

  after(() => temporary.remove())

  it('comes back as it was put, in the width that it came in, beside documents without one', async () => {
    const model = 'a'.repeat(64)
    const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 9 })
    const vector = fc.option(
      fc.tuple(values, fc.boolean()).map(([of, half]) => ({
        model,
        values: half ? Float16Array.from(of, value => value / 1e36) : Float32Array.from(of),
      })),
      { nil: undefined },
    )
    const property = fc.asyncProperty(fc.array(vector, { minLength: 1, maxLength: 5 }), async vectors => {
      const operations = vectors.map((own, at): Operation => {
        const document = { id: `d${at}`, title: '', text: '', fields: '{}', ...(own && { vector: own }) }
        return { type: 'put', document }
      })
      const builder = new LogPartBuilder()
      for (const operation of operations) builder.add(operation)
      const part = await builder.store(temporary.store, log)
      assert.deepEqual(await readLogPart(temporary.store, log, part), operations)
    })
    await fc.assert(property, { numRuns: 30 })
  })
})

describe('what stands for a model', () => {
  it('is known by its name and digest together', () => {
    const model = externalModel('384-1:relu:0000')
    assert.equal(externalArchitecture(model), '384-1:relu:0000')
    assert.equal(externalArchitecture({ ...model, digest: 'a'.repeat(64) }), undefined)
    assert.equal(externalArchitecture({ name: 'minilm', digest: model.digest }), undefined)
    assert.notEqual(externalModel('385-1:relu:0000').digest, model.digest)
  })
})
