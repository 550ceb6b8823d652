import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvalidCall } from '../errors.ts'
import { collect } from '../testing/collect.ts'
import { type Batch, cutBatches, type DocumentLine } from './cut-batches.ts'

async function all(documents: Iterable<DocumentLine>, limits = {}): Promise<Batch[]> {
  return collect(cutBatches(documents, limits))
}

describe('cutting documents into batches', () => {
  it('loses none, keeps their order, and keeps to both limits', async () => {
    const shape = { id: fc.string({ minLength: 1 }), text: fc.string({ unit: 'grapheme' }) }
    const documents = fc.array(fc.record(shape, { noNullPrototype: true }))
    await fc.assert(
      fc.asyncProperty(documents, fc.nat(300), fc.nat(5), async (given, bytesMax, documentsMax) => {
        const limits = { batchBytesMax: bytesMax + 1, batchDocumentsMax: documentsMax + 1 }
        const batches = await all(given, limits)
        const lines = batches.map(({ bytes }) => Buffer.from(bytes).toString().trimEnd().split('\n'))
        assert.deepEqual(
          lines.flat().map(line => JSON.parse(line)),
          given,
        )
        let first = 1
        for (const [at, batch] of batches.entries()) {
          assert.equal(batch.first, first)
          assert.equal(batch.documents, lines[at]!.length)
          assert.equal(batch.last, at === batches.length - 1)
          assert.ok(batch.documents <= limits.batchDocumentsMax)
          assert.ok(batch.documents === 1 || batch.bytes.length <= limits.batchBytesMax)
          first += batch.documents
        }
      }),
    )
  })

  it('reads no further than one document behind the batch that was taken', async () => {
    let read = 0
    function* source(): Generator<DocumentLine> {
      for (;;) yield { id: String(++read), text: 'x' }
    }
    const batches = cutBatches(source(), { batchDocumentsMax: 3 })
    await batches.next()
    assert.equal(read, 4)
    await batches.next()
    assert.equal(read, 7)
    await batches.return(undefined)
  })

  const wrong: readonly { what: string; documents: unknown[]; limits?: object }[] = [
    { what: 'a document that is no object', documents: [{ id: 'a', text: 'b' }, 'c'] },
    { what: 'a list', documents: [[]] },
    { what: 'nothing', documents: [undefined] },
    { what: 'batches of no documents', documents: [], limits: { batchDocumentsMax: 0 } },
    { what: 'a size that is no number', documents: [], limits: { batchBytesMax: Number.NaN } },
  ]
  for (const { what, documents, limits } of wrong) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(all(documents as DocumentLine[], limits), InvalidCall)
    })
  }
})
