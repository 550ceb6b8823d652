import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isFailure } from '@hypershard/common'
import { EncodingModel } from './encoding-model.ts'

interface ReferenceText {
  readonly tokenIds: number[]
  /** The unit vector, rounded to four digits. */
  readonly values: number[]
}

/** What the published float32 model gives; `hypershard_training.reference.onnx_vectors` computed it. */
interface Reference {
  readonly texts: {
    readonly name: string
    readonly text: string
    readonly query: ReferenceText
    readonly document: ReferenceText
  }[]
}

const root = new URL('../../../', import.meta.url)
const reference: Reference = JSON.parse(
  readFileSync(new URL('test/fixtures/bge-small/reference-vectors.json', root), 'utf8'),
)

/** Weights are rounded to int8, computing is in float32: the least of the twelve cosines is 0.9997. */
const cosineMin = 0.9995

/** Both have length 1. */
function cosine(left: Float32Array, right: readonly number[]): number {
  return right.reduce((sum, value, at) => sum + value * left[at]!, 0)
}

describe('the shipped bge-small', () => {
  let model: EncodingModel
  before(async () => {
    model = await EncodingModel.open(fileURLToPath(new URL('models/bge-small-dense', root)), 2)
  })

  for (const { name, text, query, document } of reference.texts) {
    it(`reads "${name}" as the published model does, a query after the prefix`, async () => {
      const [tokenized] = model.tokenizeDocuments([text])
      assert.deepEqual([...tokenized!.ids], document.tokenIds)
      const ofDocument = cosine(await model.encodeDocuments([tokenized!.ids]), document.values)
      const [answer] = await model.encodeQueries([{ text, wish: { form: 'weights', precision: 'f32' } }])
      assert(answer !== undefined && !isFailure(answer))
      assert.equal(answer.tokens, query.tokenIds.length)
      const ofQuery = cosine(new Float32Array(Uint8Array.from(answer.bytes).buffer), query.values)
      assert(ofDocument >= cosineMin && ofQuery >= cosineMin, `cosines: document ${ofDocument}, query ${ofQuery}`)
    })
  }
})
