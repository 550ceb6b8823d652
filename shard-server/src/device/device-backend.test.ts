import assert from 'node:assert/strict'
import { casesOf, Random } from '@hypershard/harness'
import { pseudoRandomWeights, publishedArchitecture } from '@hypershard/harness/qnets'
import { activations, type QNetArchitecture } from '@hypershard/qnet'
import type { ScanPlan, ShardToScan } from '../ports.ts'
import { exactScan, foundIn, passagesOf, segmentOf, wholeShard } from '../testing/device-rows.ts'
import { realThread, soon, TestDevice } from '../testing/test-device.ts'
import { deviceMetrics } from './metrics.ts'

const shallow: QNetArchitecture = publishedArchitecture(16, 1)

describe('a backend with a device', () => {
  let test: TestDevice

  before(() => {
    // onnxruntime's CPU provider plays the device: all but the shaders is what a GPU would run.
    test = new TestDevice(realThread('cpu', 8_192))
  })

  after(() => test.close())

  it('gives the bits of the CPU alone, for any q-net, mask, page and number of segments', async () => {
    for (let seed = 0; seed < casesOf({ usual: 25, thorough: 100 }); seed++) {
      const random = new Random(seed)
      const architecture = randomArchitecture(random)
      const width = architecture.vectorDimensions[0]!
      const segments = Array.from({ length: 1 + random.below(3) }, (_, at) => {
        const rows = 1 + random.below(700)
        return segmentOf(`${seed}-${at}`, { rows, width, seed: seed * 10 + at, repeats: random.below(2 * rows) || 1 })
      })
      await test.hold(...segments)
      const shard = maskedAtRandom(wholeShard(3, segments), random)
      const first = exactScan(architecture, [shard], { seed, limit: 1 + random.below(30) })
      await test.expectSame(first, `seed ${seed}`)
      const [{ hits } = { hits: [] }] = foundIn(await test.pool.scan(first, soon()))
      const after = hits[random.below(hits.length)]
      if (after !== undefined) await test.expectSame({ ...first, after }, `seed ${seed}, the next page`)
      // Of a q-net that the device does not know yet.
      const later = exactScan(architecture, [shard], {
        seed: seed + 1_000,
        after: { id: 'x', score: random.next() - 0.5 },
      })
      await test.expectSame(later, `seed ${seed}, a page of an unknown q-net`)
      test.drop(...segments)
    }
    const certain = await test.meter.valueOf(deviceMetrics.shards, { outcome: 'certain' })
    assert(certain > casesOf({ usual: 25, thorough: 100 }), `only ${certain} answers came from the device at once`)
  })

  it('gives them by tangent, too: candidates, estimates and counts, of passages as well', async () => {
    const cases = casesOf({ usual: 25, thorough: 100 })
    for (let seed = 0; seed < cases; seed++) {
      const random = new Random(seed)
      const architecture = randomArchitecture(random)
      const width = architecture.vectorDimensions[0]!
      const segments = Array.from({ length: 1 + random.below(3) }, (_, at) => {
        const key = `${seed}-${at}`
        const rows = 1 + random.below(700)
        if (random.below(3) === 0) return passagesOf(key, { documents: rows, width, seed, vectorsMax: 4 })
        return segmentOf(key, { rows, width, seed: seed * 10 + at, repeats: random.below(2 * rows) || 1 })
      })
      await test.hold(...segments)
      const shard = maskedAtRandom(wholeShard(3, segments), random)
      const limit = 1 + random.below(20)
      const plan = random.pick<ScanPlan>([
        { kind: 'tangent', candidates: 1 + random.below(60) },
        { kind: 'tangent', candidates: 10_000 },
        { kind: 'auto', recall: random.pick([0.5, 0.9, 0.99]), hits: limit },
      ])
      const first = exactScan(architecture, [shard], { seed, limit, plan })
      await test.expectSame(first, `seed ${seed}`)
      const [{ hits } = { hits: [] }] = foundIn(await test.pool.scan(first, soon()))
      const after = hits[random.below(hits.length)]
      if (after !== undefined) await test.expectSame({ ...first, after }, `seed ${seed}, the next page`)
      test.drop(...segments)
    }
    const outcome = (name: string) => test.meter.valueOf(deviceMetrics.tangents, { outcome: name })
    const [certain, widened, gap] = [await outcome('certain'), await outcome('widened'), await outcome('gap')]
    assert(certain + widened > cases / 2, `${certain} certain, ${widened} widened, ${gap} left to the CPU`)
  })

  it('ranks passages exactly, too: a document by its best, however many pages', async () => {
    const outcomes = () =>
      Promise.all(['certain', 'widened', 'gap'].map(outcome => test.meter.valueOf(deviceMetrics.shards, { outcome })))
    const before = await outcomes()
    for (let seed = 0; seed < casesOf({ usual: 8, thorough: 60 }); seed++) {
      const random = new Random(seed)
      const segments = [0, 1].map(at => {
        const documents = 100 + random.below(300)
        return passagesOf(`p${seed}-${at}`, { documents, width: 16, seed, vectorsMax: 1 + random.below(6) })
      })
      await test.hold(...segments)
      const request = exactScan(shallow, [maskedAtRandom(wholeShard(0, segments), random)], { seed, limit: 7 })
      await test.expectSame(request, `seed ${seed}`)
      for (let page = 0, after = request.after; page < 3; page++) {
        const [scan] = foundIn(await test.pool.scan({ ...request, after }, soon()))
        after = scan!.hits.at(-1)
        if (after !== undefined) await test.expectSame({ ...request, after }, `seed ${seed}, page ${page + 2}`)
      }
      const bytes = segments.reduce((sum, { vectors }) => sum + (vectors as Float32Array).byteLength, 0)
      assert.equal(test.device.deviceMemory.heldBytes, bytes)
      test.drop(...segments)
    }
    const [certain, widened, gap] = (await outcomes()).map((count, at) => count - before[at]!)
    assert(certain! > 4 * (widened! + gap!), `${certain} certain, ${widened} widened, ${gap} left to the CPU`)
  })

  it('leaves composed queries to the CPU, which compares their leaves', async () => {
    const segment = segmentOf('composed', { rows: 600, width: 16, seed: 8 })
    await test.hold(segment)
    const leaves = [1, 2].map(seed => exactScan(shallow, [], { seed }).qnet)
    const nodes = [0, 1].map(leaf => ({ kind: 'leaf' as const, weight: 1, leaf }))
    const expression = { kind: 'any' as const, weight: 1, nodes, excluded: [] }
    const sample = { key: 'sample', vectors: (segment.vectors as Float32Array).subarray(0, 64 * 16) }
    const outcomes = ['certain', 'widened', 'gap', 'values', 'stopped']
    const ranked = () => Promise.all(outcomes.map(outcome => test.meter.valueOf(deviceMetrics.shards, { outcome })))
    const before = await ranked()
    await test.expectSame(exactScan(shallow, [wholeShard(0, [segment])], { composed: { leaves, expression, sample } }))
    assert.deepEqual(await ranked(), before)
    test.drop(segment)
  })

  it('gives them from products in f16, too, where its probe finds that the device has it', async () => {
    const halves = new TestDevice(realThread('cpu', 8_192, 'auto'))
    try {
      await halves.device.probe()
      assert.equal(halves.device.precision, 'f16')
      assert.equal(halves.device.costs, undefined, 'a probe is for who wants to know')
      for (let seed = 0; seed < casesOf({ usual: 6, thorough: 50 }); seed++) {
        const random = new Random(seed)
        const architecture = randomArchitecture(random)
        const width = architecture.vectorDimensions[0]!
        const segment = segmentOf(`${seed}`, { rows: 600, width, seed })
        await halves.hold(segment)
        assert.equal(halves.device.deviceMemory.heldBytes, 600 * width * 2)
        const first = exactScan(architecture, [maskedAtRandom(wholeShard(3, [segment]), random)], { seed, limit: 5 })
        await halves.expectSame(first, `seed ${seed}`)
        const plan = { kind: 'tangent', candidates: 12 } as const
        await halves.expectSame({ ...first, plan }, `seed ${seed}, by tangent`)
        const [{ hits } = { hits: [] }] = foundIn(await halves.pool.scan(first, soon()))
        if (hits[1] !== undefined) await halves.expectSame({ ...first, after: hits[1] }, `seed ${seed}, the next page`)
        halves.drop(segment)
      }
      // Within f32 and far beyond f16.
      const segment = segmentOf('large', { rows: 200, width: 16, seed: 1 })
      await halves.hold(segment)
      const { matrices, biases } = pseudoRandomWeights(shallow, 1)
      const weights = { matrices: matrices.map(matrix => matrix.map(value => value * 1e5)), biases }
      await halves.expectSame(exactScan(shallow, [wholeShard(0, [segment])], { weights }))
      assert.equal(await halves.meter.valueOf(deviceMetrics.shards, { outcome: 'values' }), 1)
      const wide = segmentOf('wide', { rows: 200, width: 16, seed: 2 })
      const values = wide.vectors as Float32Array
      values.set(values.map(value => 1e6 * value))
      await halves.hold(wide)
      const plan = { kind: 'tangent', candidates: 12 } as const
      await halves.expectSame(exactScan(shallow, [wholeShard(0, [wide])], { plan }))
      assert.equal(await halves.meter.valueOf(deviceMetrics.tangents, { outcome: 'values' }), 1)
      for (const metric of [deviceMetrics.shards, deviceMetrics.tangents]) {
        assert((await halves.meter.valueOf(metric, { outcome: 'certain' })) > 0)
      }
    } finally {
      await halves.close()
    }
  })

  it('measures at its start what its work takes, where that tells who ranks', async () => {
    const timed = new TestDevice(realThread('cpu', 8_192), { deviceRowsMin: undefined })
    try {
      await timed.device.probe()
      const { runMs, multiplyAddMs, valueMs } = timed.device.costs!
      for (const cost of [runMs, multiplyAddMs, valueMs]) assert(cost > 0 && Number.isFinite(cost))
    } finally {
      await timed.close()
    }
  })

  it('widens where equal scores reach beyond the reserve, and leaves them to the CPU where there are thousands', async () => {
    for (const [rows, outcome] of [
      [300, 'widened'],
      [9_000, 'gap'],
    ] as const) {
      const segment = segmentOf(outcome, { rows: rows + 50, width: 16, seed: 5, repeats: 50 })
      await test.hold(segment)
      const before = await test.meter.valueOf(deviceMetrics.shards, { outcome })
      await test.expectSame(bestFirstRow(segment), outcome)
      assert.equal(await test.meter.valueOf(deviceMetrics.shards, { outcome }), before + 1)
      test.drop(segment)
    }
  })

  it('leaves q-nets whose values grow beyond f32 to the CPU', async () => {
    const segment = segmentOf('large', { rows: 200, width: 16, seed: 1 })
    await test.hold(segment)
    const { matrices, biases } = pseudoRandomWeights(shallow, 1)
    const weights = { matrices: matrices.map(matrix => matrix.map(value => value * 1e25)), biases }
    const before = await test.meter.valueOf(deviceMetrics.shards, { outcome: 'values' })
    await test.expectSame(exactScan(shallow, [wholeShard(0, [segment])], { weights }))
    assert.equal(await test.meter.valueOf(deviceMetrics.shards, { outcome: 'values' }), before + 1)
    test.drop(segment)
  })

  it('refuses weights that do not hash to their digest, as the CPU does', async () => {
    const segment = segmentOf('forged', { rows: 200, width: 16, seed: 1 })
    await test.hold(segment)
    const request = exactScan(shallow, [wholeShard(0, [segment])], { seed: 77 })
    request.qnet.weights.bytes[3]! ^= 1
    await assert.rejects(test.device.scan(request, soon()), { code: 'invalid_request' })
    test.drop(segment)
  })

  it('says so when its time was up before a chunk', async () => {
    const segment = segmentOf('late', { rows: 600, width: 16, seed: 1 })
    await test.hold(segment)
    const request = exactScan(shallow, [wholeShard(0, [segment])], { seed: 78, endEpochMs: 1 })
    const { scans } = await test.device.scan(request, soon())
    assert.deepEqual([scans[0]!.stop, scans[0]!.documentsScored, scans[0]!.hits], ['deadline', 0, []])
    test.drop(segment)
  })
})

/** A q-net for which a segment's repeated row is the best. */
function bestFirstRow(segment: ReturnType<typeof segmentOf>) {
  const plain: QNetArchitecture = { ...shallow, vectorDimensions: [16, 1] }
  const weights = { matrices: [(segment.vectors as Float32Array).slice(0, 16)], biases: [] }
  return exactScan(plain, [wholeShard(0, [segment])], { weights })
}

function randomArchitecture(random: Random): QNetArchitecture {
  const width = 2 + random.below(30)
  const depth = random.below(4)
  const residual = random.below(2) === 1
  const core = Array.from({ length: depth }, () => (residual ? width : 2 + random.below(30)))
  return {
    vectorDimensions: [width, ...core, 1],
    activation: activations[random.below(activations.length)]!,
    layerNorm: random.below(2) === 1,
    layerNormBeforeResidual: random.below(2) === 1,
    residual,
    residualOnLast: residual && random.below(2) === 1,
  }
}

/** Tombstones and a filter are one bitmap by now. */
function maskedAtRandom(shard: ShardToScan, random: Random): ShardToScan {
  const share = random.next()
  const segments = shard.segments.map(segment => {
    if (random.below(3) === 0) return segment
    const excluded = new Uint8Array(Math.ceil(segment.eligible / 8))
    let left = segment.eligible
    for (let row = 0; row < segment.eligible; row++) {
      if (random.next() > share) continue
      excluded[row >> 3]! |= 1 << (row & 7)
      left--
    }
    return { ...segment, excluded, eligible: left }
  })
  return { ...shard, segments }
}
