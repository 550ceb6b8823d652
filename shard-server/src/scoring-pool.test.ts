import assert from 'node:assert/strict'
import { Deadline, silentLogger } from '@hypershard/common'
import { pseudoRandomTensor, pseudoRandomWeights, publishedArchitecture } from '@hypershard/harness/qnets'
import { encodeWeights, type QNetArchitecture, qnetDigest } from '@hypershard/qnet'
import { makeScanCopy } from './cpu/scan-copy.ts'
import { ScoringPool } from './cpu/scoring-pool.ts'
import { vectorsInMemory } from './cpu/vector-rows.ts'
import type { ScanPlan, ScanRequest, ShardToScan } from './ports.ts'
import { WeightsMemory } from './qnets/weights-memory.ts'

const width = 384
const plain: QNetArchitecture = { ...publishedArchitecture(width, 1), vectorDimensions: [width, 1] }
const shallow = publishedArchitecture(width, 1)

/** Real threads: what they are told, and that it makes no difference how many there are and what else they do. */
describe('the scoring pool', () => {
  const memory = new WeightsMemory()
  const pools: ScoringPool[] = []
  const shards: ShardToScan[] = []

  before(async () => {
    for (const threads of [1, 3]) {
      pools.push(new ScoringPool({ threads, log: silentLogger(), onDeath: error => assert.fail(error) }))
    }
    for (const [shard, sizes] of [[900, 40], [1_500], [18_000, 700]].entries()) {
      const segments = []
      for (const [position, rows] of sizes.entries()) {
        const key = `${shard}-${position}`
        await hold(key, rows)
        segments.push({ key, position, excluded: undefined, eligible: rows })
      }
      shards.push({ shard, segments })
    }
  })

  after(() => Promise.all(pools.map(pool => pool.close())))

  async function hold(key: string, rows: number): Promise<void> {
    const vectors = new Float32Array(new SharedArrayBuffer(rows * width * 4))
    vectors.set(pseudoRandomTensor(rows, rows * width, 1))
    const ids = Array.from({ length: rows }, (_, row) => Buffer.from(`${key}-${row}`))
    const bytes = new Uint8Array(new SharedArrayBuffer(ids.reduce((sum, id) => sum + id.length, 0)))
    const offsets = new Int32Array(new SharedArrayBuffer((rows + 1) * 4))
    for (const [row, id] of ids.entries()) {
      bytes.set(id, offsets[row]!)
      offsets[row + 1] = offsets[row]! + id.length
    }
    const scanCopy = makeScanCopy(vectorsInMemory(vectors, width))
    const segment = { key, width, vectors, ids: { offsets, bytes }, scanCopy, graphPath: undefined, recallKnobs: [] }
    for (const pool of pools) await pool.hold(segment)
  }

  function requestOf(architecture: QNetArchitecture, seed: number, plan: ScanPlan, asked = shards): ScanRequest {
    const weights = encodeWeights(architecture, pseudoRandomWeights(architecture, seed), 'f32')
    const digest = qnetDigest(architecture, 'f32', weights)
    return {
      qnet: { digest, architecture, precision: 'f32', weights: memory.copy(weights) },
      scoring: 'fp32',
      plan,
      rangeSample: new Float32Array(0),
      limit: 10,
      after: undefined,
      endEpochMs: Date.now() + 60_000,
      shards: asked,
    }
  }

  async function foundBy(pool: ScoringPool, request: ScanRequest) {
    const { scans } = await pool.scan(request, Deadline.after(60_000))
    return scans.map(({ scoreMs: _, ...scan }) => scan)
  }

  const auto = { kind: 'auto', recall: 0.99, hits: 10 } as const
  const plans: ScanPlan[] = [{ kind: 'exact' }, { kind: 'tangent', candidates: 100 }, auto]

  it('finds the same by one thread and by three, of all shards together and of each alone', async () => {
    for (const architecture of [plain, shallow]) {
      for (const plan of plans) {
        const request = requestOf(architecture, 5, plan)
        const [one, three] = [await foundBy(pools[0]!, request), await foundBy(pools[1]!, request)]
        assert.deepEqual(three, one)
        for (const [at, shard] of shards.entries()) {
          assert.deepEqual(await foundBy(pools[1]!, requestOf(architecture, 5, plan, [shard])), [one[at]])
        }
        if (plan.kind === 'tangent') assert.ok(one.every(({ documentsScored }) => documentsScored === 100))
      }
    }
  })

  it('finds for each of many queries at a time what it finds alone', async () => {
    const requests = Array.from({ length: 12 }, (_, at) => requestOf(plain, 20 + at, plans[at % plans.length]!))
    const alone = []
    for (const request of requests) alone.push(await foundBy(pools[0]!, request))
    for (const pool of pools) {
      assert.deepEqual(await Promise.all(requests.map(request => foundBy(pool, request))), alone)
    }
  })

  it('ends a query whose caller goes away while it waits for its turns, by any plan, and others go on', async () => {
    const busy = requestOf(shallow, 40, { kind: 'exact' }, [shards[1]!])
    for (const pool of pools) {
      const expected = await foundBy(pool, busy)
      for (const plan of plans) {
        const caller = new AbortController()
        // More than there are threads: one with nothing to do would begin at once, and may end before it is told.
        const staying = Array.from({ length: 10 }, () => foundBy(pool, busy))
        const leaving = pool.scan(requestOf(shallow, 41, plan), Deadline.after(60_000, { signal: caller.signal }))
        // What threads are told next, after what they are doing now, is that nobody waits.
        caller.abort()
        const { scans } = await leaving
        for (const found of await Promise.all(staying)) assert.deepEqual(found, expected)
        assert.equal(scans.at(-1)!.stop, 'cancelled')
        const searched = scans.reduce((sum, scan) => sum + scan.documentsScored + scan.documentsScanned, 0)
        assert.ok(searched < 18_000, `${plan.kind}: ${searched} documents`)
      }
    }
  })

  it('scores a shard exactly for a query whose tangent is no use there', async () => {
    const exact = await foundBy(pools[1]!, requestOf(shallow, 7, { kind: 'exact' }))
    const found = await foundBy(pools[1]!, requestOf(shallow, 7, auto))
    for (const [at, scan] of found.entries()) {
      if (scan.plan === 'exact') assert.deepEqual(scan, exact[at])
      assert.ok(scan.documentsScored <= exact[at]!.documentsScored)
    }
    assert.ok(found.some(({ plan }) => plan === 'exact'))
  })
})
