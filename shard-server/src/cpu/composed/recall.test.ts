import assert from 'node:assert/strict'
import { casesOf } from '@hypershard/harness'
import { pseudoRandomTensor, publishedArchitecture } from '@hypershard/harness/qnets'
import type { QNetArchitecture } from '@hypershard/qnet'
import { WeightsMemory } from '../../qnets/weights-memory.ts'
import { testQNet } from '../../testing/test-shard-server.ts'
import { countForRecall } from '../choose-plan.ts'
import { firstCandidates } from '../expected-misses.ts'
import { JointScores } from '../joint-scores.ts'
import { scoreCandidates } from '../query-scorer.ts'
import { makeScanCopy } from '../scan-copy.ts'
import { searchByTangent } from '../search-by-tangent.ts'
import { vectorsInMemory } from '../vector-rows.ts'
import { ComposedScorer } from './composed-scorer.ts'
import type { Expression } from './expression.ts'
import { rankComposed } from './rank-composed.ts'

const width = 24
const rows = 6_000
const hits = 10
const recall = 0.99
const shallow = publishedArchitecture(width, 1)
const plain: QNetArchitecture = { ...shallow, vectorDimensions: [width, 1] }

const leaf = (at: number): Expression => ({ kind: 'leaf', leaf: at, weight: 1 })
const expressions: Readonly<Record<string, Expression>> = {
  any: { kind: 'any', weight: 1, nodes: [0, 1, 2].map(leaf), excluded: [] },
  all: { kind: 'all', weight: 1, nodes: [0, 1, 2].map(leaf), excluded: [] },
  'any but': { kind: 'any', weight: 1, nodes: [leaf(0), leaf(1)], excluded: [{ weight: 1, node: leaf(2) }] },
  'all but': { kind: 'all', weight: 1, nodes: [leaf(0), leaf(1)], excluded: [{ weight: 1, node: leaf(2) }] },
}

async function atOnce(piece: () => Promise<void> | void): Promise<undefined> {
  await piece()
}

/** As a model's vectors, which do not lie all around: there q-nets bend less. */
function aroundOne(given: Float32Array): Float32Array<SharedArrayBuffer> {
  const vectors = new Float32Array(new SharedArrayBuffer(given.byteLength))
  const one = pseudoRandomTensor(78, width, 1)
  for (const [at, value] of given.entries()) vectors[at] = value + one[at % width]!
  return vectors
}

describe('the recall of a composed query', () => {
  const memory = new WeightsMemory()
  const vectors = vectorsInMemory(aroundOne(pseudoRandomTensor(77, rows * width, 0.2)), width)
  const ids = { idBytes: (row: number) => Buffer.from(`${row}`) }
  const segment = { vectors, ids, scanCopy: makeScanCopy(vectors), graph: undefined }
  const at = { segment, position: 0, excluded: undefined, eligible: rows }
  const sample = { key: 'sample', vectors: vectors.range(0, 64) }
  const queries = casesOf({ usual: 6, thorough: 30 })

  for (const [architectureName, architecture] of Object.entries({ plain, shallow })) {
    for (const [name, expression] of Object.entries(expressions)) {
      it(`is met under \`${name}\`, of q-nets that are ${architectureName}`, async () => {
        let found = 0
        let byTangent = 0
        for (let query = 0; query < queries; query++) {
          const leaves = [0, 1, 2].map(place => {
            const { digest, weights } = testQNet(architecture, 1_000 * query + place)
            return { digest, architecture, precision: 'f32' as const, weights: memory.copy(weights) }
          })
          const work = { qnet: leaves[0]!, scoring: 'fp32' as const, rangeSample: new Float32Array(0), endEpochMs: 0 }
          const scorer = new ComposedScorer({ ...work, composed: { leaves, expression, sample } }, () => undefined)
          const [leafTangents] = scorer.leafTangentsOf([[at]])
          const options = { expression, leafTangents: leafTangents!, takeTurn: atOnce }
          const count = countForRecall({ recall, hits, first: firstCandidates(hits) }, { qnets: leaves.length })
          const answer = await searchByTangent(
            {
              shard: 0,
              segments: [{ ids, position: 0, eligible: rows }],
              plan: { kind: 'tangent', count, expansions: [] },
            },
            {
              rank: wish => rankComposed([at], { ...wish, part: 0, of: 1 }, options),
              score: candidates =>
                scoreCandidates(new JointScores(rows => scorer.scoreRows(rows)), [at], candidates, atOnce),
            },
            { limit: hits },
          )
          const scores = await scorer.score(vectors.range(0, rows))
          const best = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, hits)
          if (answer !== undefined) byTangent++
          // What bends too much is left to exact scoring.
          const rowsFound = answer?.hits.map(({ row }) => row) ?? best
          found += best.filter(row => rowsFound.includes(row)).length
        }
        // A tangent of an inner product is all of it.
        assert.ok(byTangent > 0 && (architecture !== plain || byTangent === queries), `${byTangent} by tangent`)
        assert.ok(found >= (recall - 0.01) * hits * queries, `${found} of ${hits * queries}`)
      })
    }
  }
})
