import assert from 'node:assert/strict'
import { type ErrorCode, HypershardError } from '@hypershard/common'
import fc from 'fast-check'
import type { EncodedDocuments } from '../ports.ts'
import { encodeOneByOne } from './encode-one-by-one.ts'
import type { Text } from './encoded-batch.ts'

const kinds = ['good', 'refused', 'not finite'] as const
type Kind = (typeof kinds)[number]

interface Document extends Text {
  readonly number: number
  readonly kind: Kind
}

const documentsOf = (list: readonly Kind[]): Document[] =>
  list.map((kind, number) => ({ number, kind, title: '', text: kind }))

/** A vector has the document's number; a batch with a text that is refused fails as a whole. */
async function encode(texts: readonly Text[]): Promise<EncodedDocuments> {
  if (texts.some(({ text }) => text === 'refused')) throw new HypershardError('invalid_request', 'told to refuse')
  const values = texts.map(text => {
    const { kind, number } = text as Document
    return [kind === 'not finite' ? Number.NaN : number, 1]
  })
  return { vectors: Float32Array.from(values.flat()), vectorWidth: 2, truncated: texts.length }
}

describe('encoding around documents that cannot be', () => {
  it('gives every other document its own vector, in their order, and names those that failed', async () => {
    const lists = fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 20 })
    const property = fc.asyncProperty(lists, async list => {
      const documents = documentsOf(list)
      const { documents: encoded, vectors, failures } = await encodeOneByOne(documents, encode)
      const good = documents.filter(({ kind }) => kind === 'good')
      assert.deepEqual(encoded, good)
      assert.deepEqual(
        [...vectors],
        good.flatMap(({ number }) => [number, 1]),
      )
      const failed = failures.map(({ document, failure }) => [document.number, failure.code])
      const bad = documents.filter(({ kind }) => kind !== 'good')
      assert.deepEqual(
        failed,
        bad.map(({ number, kind }) => [number, kind === 'refused' ? 'invalid_request' : 'internal']),
      )
    })
    await fc.assert(property, { numRuns: 100 })
  })

  it('counts every text that was cut, however it was halved', async () => {
    const { truncated } = await encodeOneByOne(documentsOf(['good', 'refused', 'good', 'good']), encode)
    assert.equal(truncated, 3)
  })

  it('fails whole when the encoder cannot even encode a harmless text', async () => {
    const broken = async () => {
      throw new HypershardError('internal', 'told to fail')
    }
    await assert.rejects(encodeOneByOne(documentsOf(['good', 'good']), broken), /told to fail/)
  })

  it('asks for no halves of what is not the fault of a text', async () => {
    for (const code of ['unavailable', 'deadline_exceeded', 'model_not_found'] as const satisfies ErrorCode[]) {
      let calls = 0
      const failing = async () => {
        calls++
        throw new HypershardError(code, 'told to fail')
      }
      await assert.rejects(encodeOneByOne(documentsOf(['good', 'good', 'good']), failing), { code })
      assert.equal(calls, 1)
    }
  })
})
