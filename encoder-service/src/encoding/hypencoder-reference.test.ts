import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isFailure } from '@hypershard/common'
import { decodeWeights, QNetScorer } from '@hypershard/qnet'
import { EncodingModel } from './encoding-model.ts'

const repository = new URL('../../../', import.meta.url)

interface ReferenceText {
  readonly text: string
  readonly tokenIds: number[]
}

/** What PyTorch makes of some texts in float64; training/hypershard_training/export/tiny_fixture.py computes it. */
interface ReferenceScores {
  readonly queries: ReferenceText[]
  readonly documents: ReferenceText[]
  /** [queries][documents] */
  readonly scores: number[][]
}

/**
 * Differences are parts of the largest score. `tolerance` is for a score, `rankingTolerance` for one less its query's mean difference:
 * a core layer turns rounding of the encoder into a constant for all documents of a query, which ranks nothing.
 */
const cases = [
  // Float32 against float64 gave 2e-6.
  {
    name: 'in fp32',
    model: 'test/fixtures/tiny-hypencoder',
    reference: 'test/fixtures/tiny-hypencoder/reference.json',
    tolerance: 1e-5,
    rankingTolerance: 1e-5,
  },
  // The encoder is stored in int8: 0.072 for the empty query and at most 0.032 for a sentence; 0.010 without the constant.
  {
    name: 'in int8, the default model',
    model: 'models/hypershard-mini',
    reference: 'test/fixtures/hypershard-mini/reference.json',
    tolerance: 0.08,
    rankingTolerance: 0.012,
  },
]

for (const { name, tolerance, rankingTolerance, ...paths } of cases)
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
        const differences = reference.scores[index]!.map((expected, row) => (scores[row]! - expected) / largest)
        const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length
        for (const [row, difference] of differences.entries()) {
          const told = `"${text}", document ${row}: ${scores[row]} instead of ${reference.scores[index]![row]}`
          assert(Math.abs(difference) <= tolerance, told)
          assert(Math.abs(difference - mean) <= rankingTolerance, `${told}, ${mean * largest} of it the query's mean`)
        }
      }
    })
  })
