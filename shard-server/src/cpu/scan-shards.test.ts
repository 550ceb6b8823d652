import assert from 'node:assert/strict'
import { compareRank, nothingScanned } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import { pseudoRandomTensor, pseudoRandomWeights, publishedArchitecture } from '@hypershard/harness/qnets'
import { type BlockScorer, blockRows, QNetScorer } from '@hypershard/qnet'
import { createBitmap, setBit, shardOf } from '@hypershard/storage'
import fc from 'fast-check'
import type { ShardScan } from '../ports.ts'
import { makeScanCopy } from './scan-copy.ts'
import type { ScanShard } from './scan-segment.ts'
import { scanShards } from './scan-shards.ts'
import { vectorsInMemory } from './vector-rows.ts'

const width = 16
const architecture = publishedArchitecture(width, 2)

interface Document {
  id: string
  vector: Float32Array
}

/** Every third document repeats the vector of an earlier one, so that many scores are equal to the last bit. */
function documentsWithTies(count: number): Document[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `document-${(index * 7919) % count}`,
    vector: pseudoRandomTensor(index % 3 === 2 ? index - 2 : index, width, 1),
  }))
}

function toShards(documents: readonly Document[], shards: number): ScanShard[] {
  return Array.from({ length: shards }, (_, shard) => {
    const own = documents.filter(document => shardOf(document.id, shards) === shard)
    const values = new Float32Array(own.length * width)
    for (const [row, document] of own.entries()) values.set(document.vector, row * width)
    const vectors = vectorsInMemory(values, width)
    const ids = { idBytes: (row: number) => Buffer.from(own[row]!.id) }
    const segment = { vectors, ids, scanCopy: makeScanCopy(vectors), graph: undefined }
    return { shard, segments: [{ segment, position: shard, excluded: undefined, eligible: own.length }] }
  })
}

function everyBlock(): () => number {
  let next = 0
  return () => next++
}

async function scanAll(scorer: BlockScorer, shards: readonly ScanShard[], limit: number): Promise<ShardScan[]> {
  const steps = scanShards(scorer, shards, {
    limit,
    claimPiece: everyBlock(),
    stopBefore: () => undefined,
    monotonicMs: () => 0,
  })
  for (;;) {
    const { done, value } = await steps.next()
    if (done) return value
  }
}

describe('scanShards', () => {
  let scorer: QNetScorer
  before(() => {
    scorer = new QNetScorer(architecture)
  })

  for (const precision of ['fp32', 'int8'] as const) {
    it(`gives the same ids in the same order from 1, 2, 4 and 8 shards, ties included (${precision}, 200 queries)`, async () => {
      const documents = documentsWithTies(1_500)
      const sample = documents[0]!.vector
      const layouts = [1, 2, 4, 8].map(shards => toShards(documents, shards))
      let ties = 0
      for (let query = 0; query < 200; query++) {
        const weights = pseudoRandomWeights(architecture, 1_000 * query)
        const prepared = await (precision === 'int8'
          ? scorer.prepareInt8(weights, sample)
          : scorer.prepareFp32(weights))
        const answers: { id: string; score: number }[][] = []
        for (const layout of layouts) {
          const hits = (await scanAll(prepared, layout, 20)).flatMap(scan => scan.hits)
          answers.push(
            hits
              .toSorted(compareRank)
              .slice(0, 20)
              .map(({ id, score }) => ({ id, score })),
          )
        }
        for (const answer of answers) assert.deepEqual(answer, answers[0])
        ties += answers[0]!.filter((hit, rank) => hit.score === answers[0]![rank + 1]?.score).length
      }
      assert(ties > 200, `only ${ties} ties: the test does not test them`)
    })
  }

  it('never gives a deleted row and counts only eligible ones', async () => {
    const documents = documentsWithTies(blockRows + 100)
    const prepared = await scorer.prepareFp32(pseudoRandomWeights(architecture, 3))
    const [shard] = toShards(documents, 1)
    const everything = (await scanAll(prepared, [shard!], documents.length))[0]!.hits
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat({ max: documents.length - 1 })), async rows => {
        const excluded = createBitmap(documents.length)
        for (const row of rows) setBit(excluded, row)
        const segments = [{ ...shard!.segments[0]!, excluded }]
        const [scan] = await scanAll(prepared, [{ shard: 0, segments }], documents.length)
        assert.equal(scan!.documentsScored, documents.length - rows.length)
        assert.deepEqual(
          scan!.hits,
          everything.filter(hit => !rows.includes(hit.row)),
        )
      }),
      { numRuns: casesOf({ usual: 20, thorough: 100 }) },
    )
  })

  it('stops between blocks when told to and says how many documents it scored', async () => {
    const documents = documentsWithTies(4 * blockRows)
    const prepared = await scorer.prepareFp32(pseudoRandomWeights(architecture, 4))
    let blocks = 0
    const [whole, half] = [toShards(documents, 1)[0]!, toShards(documents.slice(0, 10), 1)[0]!]
    const steps = scanShards(prepared, [whole, { ...half, shard: 1 }], {
      limit: 5,
      claimPiece: everyBlock(),
      stopBefore: () => (blocks === 2 ? 'deadline' : undefined),
      monotonicMs: () => 0,
    })
    let result = await steps.next()
    for (; !result.done; result = await steps.next()) blocks++
    assert.deepEqual(
      result.value.map(({ documentsScored, stop }) => ({ documentsScored, stop })),
      [
        { documentsScored: 2 * blockRows, stop: 'deadline' },
        { documentsScored: 0, stop: 'deadline' },
      ],
    )
    assert.equal(result.value[0]!.hits.length, 5)
  })

  it('is told what a block last cost, so that it can stop before one that would come too late', async () => {
    const documents = documentsWithTies(3 * blockRows)
    const prepared = await scorer.prepareFp32(pseudoRandomWeights(architecture, 5))
    let clock = 0
    const expected: number[] = []
    const steps = scanShards(prepared, toShards(documents, 1), {
      limit: 5,
      claimPiece: everyBlock(),
      stopBefore: blockMs => {
        expected.push(blockMs)
        return undefined
      },
      monotonicMs: () => {
        clock += 7
        return clock
      },
    })
    while (!(await steps.next()).done);
    assert.deepEqual(expected, [0, 7, 7])
  })

  it('shares its blocks with a scan that claims from the same counter, each block once', async () => {
    const documents = documentsWithTies(5 * blockRows)
    const prepared = await scorer.prepareFp32(pseudoRandomWeights(architecture, 6))
    const claimPiece = everyBlock()
    const options = { limit: 5, claimPiece, stopBefore: () => undefined, monotonicMs: () => 0 }
    const scans = [1, 2].map(() => scanShards(prepared, toShards(documents, 1), options))
    const scored: number[] = []
    while (scans.length > 0) {
      const scan = scans.shift()!
      const { done, value } = await scan.next()
      if (done) scored.push(value[0]!.documentsScored)
      else scans.push(scan)
    }
    assert.equal(scored[0]! + scored[1]!, documents.length)
    assert.ok(scored.every(count => count > 0))
  })

  it('addresses each hit by its segment and row', async () => {
    const documents = documentsWithTies(60)
    const prepared = await scorer.prepareFp32(pseudoRandomWeights(architecture, 6))
    const shards = toShards(documents, 4)
    for (const scan of await scanAll(prepared, shards, 60)) {
      for (const hit of scan.hits) {
        assert.equal(hit.segment, scan.shard)
        const { segment } = shards[scan.shard]!.segments[0]!
        assert.equal(Buffer.from(segment.ids.idBytes(hit.row)).toString(), hit.id)
      }
    }
  })

  it('answers for shards without documents', async () => {
    const prepared = await scorer.prepareFp32(pseudoRandomWeights(architecture, 7))
    const [scan] = await scanAll(prepared, [{ shard: 3, segments: [] }], 5)
    assert.deepEqual(scan, {
      shard: 3,
      hits: [],
      ...nothingScanned,
      nonFiniteScores: 0,
      beforeCount: 0,
      plan: 'exact',
      stop: 'complete',
      scoreMs: 0,
    })
  })
})
