import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { decodeWeights, QNetScorer } from '@hypershard/qnet'
import { EncodingModel } from './encoding-model.ts'
import { isFailure } from './failure.ts'

const repository = new URL('../../../', import.meta.url)

interface ReferenceText {
  readonly text: string
  readonly tokenIds: number[]
}

/** What PyTorch makes of some texts in float64; training/hypershard_training/export_tiny_fixture.py computes it. */
interface ReferenceScores {
  readonly queries: ReferenceText[]
  readonly documents: ReferenceText[]
  /** [queries][documents] */
  readonly scores: number[][]
}

const cases = [
  // Float32 against float64 gave 2e-6 of the largest score.
  {
    name: 'in fp32',
    model: 'test/fixtures/tiny-hypencoder',
    reference: 'test/fixtures/tiny-hypencoder/reference.json',
    tolerance: 1e-5,
  },
  // The encoder is stored in int8, which moves scores by up to 0.04 of the largest.
  {
    name: 'in int8, the default model',
    model: 'models/hypershard-mini',
    reference: 'test/fixtures/hypershard-mini/reference.json',
    tolerance: 0.05,
  },
]

for (const { name, tolerance, ...paths } of cases)
  describe(`a Hypencoder that training/ exported ${name}`, () => {
    const reference: ReferenceScores = JSON.parse(readFileSync(new URL(paths.reference, repository), 'utf8'))
    const texts = {
      queries: reference.queries.map(query => query.text),
      documents: reference.documents.map(d => d.text),
    }
    let model: EncodingModel
    before(async () => {
      model = await EncodingModel.open(fileURLToPath(new URL(paths.model, repository)), 1)
    })

    it('reads the tokens that the reference tokenizer reads', () => {
      const tokenized = model.tokenizeDocuments(texts.documents)
      assert.deepEqual(
        tokenized.map(({ ids }) => [...ids]),
        reference.documents.map(({ tokenIds }) => tokenIds),
      )
    })

    it("gives PyTorch's scores, from text to score", async () => {
      const { qnet } = model.loaded.settings
      const documents = await model.encodeDocuments(model.tokenizeDocuments(texts.documents).map(({ ids }) => ids))
      const scorer = new QNetScorer(qnet)
      const largest = Math.max(...reference.scores.flat().map(Math.abs))
      for (const [index, text] of texts.queries.entries()) {
        const [encoded] = await model.encodeQueries([{ text, wish: { form: 'weights', precision: 'f32' } }])
        assert(encoded !== undefined && !isFailure(encoded))
        const block = await scorer.prepareFp32(decodeWeights(qnet, encoded.bytes, 'f32'))
        const scores = await block.score(documents)
        for (const [row, expected] of reference.scores[index]!.entries()) {
          const difference = Math.abs(scores[row]! - expected) / largest
          assert(difference <= tolerance, `"${text}", document ${row}: ${scores[row]} instead of ${expected}`)
        }
      }
    })
  })
