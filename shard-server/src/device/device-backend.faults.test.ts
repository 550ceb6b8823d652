import assert from 'node:assert/strict'
import { HypershardError, silentLogger } from '@hypershard/common'
import { casesOf, Random } from '@hypershard/harness'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import { deviceLost } from '@hypershard/qnet'
import { exactScan, foundIn, segmentOf, wholeShard } from '../testing/device-rows.ts'
import { NoisyDevice } from '../testing/noisy-device.ts'
import { realThread, soon, TestDevice } from '../testing/test-device.ts'
import { ThreadCalls } from '../threads/thread-calls.ts'
import type { DeviceBackendOptions } from './device-backend.ts'
import type { DeviceAnswer, ToDeviceThread } from './messages.ts'
import { deviceMetrics } from './metrics.ts'

const width = 16
const shallow = publishedArchitecture(width, 1)
const segments = [0, 1].map(at => segmentOf(`s${at}`, { rows: 700, width, seed: at, repeats: 400 }))
const shard = wholeShard(0, segments)

describe('a device that is off, full or lost', () => {
  let test: TestDevice | undefined

  afterEach(async () => {
    await test?.close()
    test = undefined
  })

  async function startWith(device: NoisyDevice, options: Partial<DeviceBackendOptions> = {}): Promise<TestDevice> {
    test = new TestDevice(() => device, options)
    await test.hold(...segments)
    return test
  }

  it('gives the bits of the CPU alone, however far its scores are off', async () => {
    for (const off of [0, 1e-6, 1e-3, 0.05, 1]) {
      const random = new Random(Math.round(off * 1e6))
      const started = await startWith(new NoisyDevice(segments, () => off * (2 * random.next() - 1)))
      for (let seed = 0; seed < casesOf({ usual: 6, thorough: 50 }); seed++) {
        const request = exactScan(shallow, [shard], { seed, limit: 1 + random.below(30) })
        await started.expectSame(request, `off by ${off}, seed ${seed}`)
        const { hits } = foundIn(await started.pool.scan(request, soon()))[0]!
        await started.expectSame(
          { ...request, after: hits[random.below(hits.length)] },
          `off by ${off}, page of seed ${seed}`,
        )
        const plan = { kind: 'tangent', candidates: 1 + random.below(40) } as const
        await started.expectSame({ ...request, plan }, `off by ${off}, by tangent, seed ${seed}`)
      }
      await started.close()
      test = undefined
    }
  })

  it('is asked where it is quicker than the CPU, by costs that it was measured to have, for the same answer', async () => {
    const quick = { runMs: 0, multiplyAddMs: 1e-15, valueMs: 1e-15 }
    const askedOf = async (costs: typeof quick) => {
      const device = new NoisyDevice(segments, () => 0)
      device.costs = costs
      const started = await startWith(device, { deviceRowsMin: undefined })
      await started.device.probe()
      await started.expectSame(exactScan(shallow, [shard]))
      const asked = device.asked.filter(({ type }) => type === 'rank').length
      const cost = await started.meter.valueOf(deviceMetrics.costs, { work: 'run' })
      assert.equal(cost, costs.runMs / 1_000)
      await started.close()
      test = undefined
      return asked
    }
    assert.equal(await askedOf({ ...quick, runMs: 1e6 }), 0)
    assert(await askedOf(quick))
  })

  it('answers with what it ranked in time, and counts no more', async () => {
    const device = new NoisyDevice(segments, () => 0)
    device.chunksMax = 1
    const started = await startWith(device)
    const request = exactScan(shallow, [shard], { limit: 5 })
    const [found] = foundIn(await started.device.scan(request, soon()))
    const alone = { ...request, shards: [{ ...shard, segments: shard.segments.slice(0, 1) }] }
    const [expected] = foundIn(await started.pool.scan(alone, soon()))
    assert.deepEqual(found, { ...expected, stop: 'deadline' })
    // Of what was ranked by tangent nothing has been scored, so that none of it counts as searched.
    const byTangent = { ...request, plan: { kind: 'tangent', candidates: 20 } as const }
    const [late] = foundIn(await started.device.scan(byTangent, soon()))
    assert.deepEqual([late!.stop, late!.hits, late!.documentsScored, late!.documentsScanned], ['deadline', [], 0, 0])
  })

  it('has the CPU score what does not fit, or refuses it and holds nothing of it', async () => {
    const bytes = 700 * width * 4
    const started = await startWith(new NoisyDevice(segments, () => 0), { memoryBytesMax: bytes })
    await started.expectSame(exactScan(shallow, [shard]))
    // The device's segment is the second of the shard, so that its place there is another than among the device's.
    const turned = { ...shard, segments: shard.segments.toReversed() }
    const plan = { kind: 'tangent', candidates: 30 } as const
    for (let seed = 0; seed < 4; seed++) await started.expectSame(exactScan(shallow, [turned], { seed, plan }))
    assert.equal(await started.meter.valueOf(deviceMetrics.segments, { place: 'cpu' }), 1)
    assert.equal(await started.meter.valueOf(deviceMetrics.bytes), bytes)
    const use = { limitBytes: bytes, heldBytes: bytes, cpuSegments: 1, cpuBytes: bytes }
    assert.deepEqual(started.device.deviceMemory, use)
    started.drop(segments[1]!)
    assert.deepEqual(started.device.deviceMemory, { ...use, cpuSegments: 0, cpuBytes: 0 })
    await started.close()
    const beside = await startWith(new NoisyDevice(segments, () => 0), {
      memoryBytesMax: 2 * bytes,
      weightsBytesMax: 1,
    })
    const byWeights = { limitBytes: 2 * bytes, heldBytes: bytes + 1, cpuSegments: 1, cpuBytes: bytes }
    assert.deepEqual(beside.device.deviceMemory, byWeights, 'what is set aside for weights is no room for vectors')
    await beside.close()
    const refusing = new NoisyDevice(segments, () => 0)
    test = new TestDevice(() => refusing, { memoryBytesMax: bytes - 1, whenFull: 'refuse' })
    await assert.rejects(test.device.hold(segments[0]!), { code: 'overloaded', message: /_DEVICE_MEMORY_BYTES/ })
    assert.deepEqual(refusing.asked, [])
  })

  it('fails with an error that another replica may answer once a run has failed, and tells it once', async () => {
    const device = new NoisyDevice(segments, () => 0)
    const started = await startWith(device)
    device.failure = deviceLost('told to fail')
    for (let round = 0; round < 2; round++) {
      await assert.rejects(started.device.scan(exactScan(shallow, [shard]), soon()), isLost)
    }
    // Nor does the CPU go on alone.
    const byTangent = exactScan(shallow, [shard], { plan: { kind: 'tangent', candidates: 10 } })
    await assert.rejects(started.device.scan(byTangent, soon()), isLost)
    assert.equal(started.losses.length, 1)
    assert.equal(await started.meter.valueOf(deviceMetrics.lost), 1)
  })

  it('does the same when its thread ends while a search waits for it', async () => {
    test = new TestDevice(onDeath => threadThatEnds(onDeath))
    for (const segment of segments) await test.pool.hold(segment)
    await assert.rejects(test.device.hold(segments[0]!), isLost)
    assert.equal(test.losses.length, 1)
  })

  it('ends its work when the caller goes away, and serves the next', async () => {
    test = new TestDevice(realThread('cpu', 1_024))
    await test.hold(...segments)
    for (const plan of [{ kind: 'exact' }, { kind: 'tangent', candidates: 20 }] as const) {
      const caller = new AbortController()
      const cancelled = test.device.scan(exactScan(shallow, [shard], { plan }), soon(caller.signal))
      caller.abort()
      const [scan] = foundIn(await cancelled)
      assert.equal(scan!.stop, 'cancelled')
      await test.expectSame(exactScan(shallow, [shard], { plan }))
    }
  })
})

function isLost(error: unknown): boolean {
  return error instanceof HypershardError && error.code === 'unavailable' && /device is lost/.test(error.message)
}

/** A thread that ends by itself as soon as it is asked anything. */
function threadThatEnds(onDeath: (error: Error) => void) {
  const file = new URL('../testing/thread-that-ends.ts', import.meta.url)
  return new ThreadCalls<ToDeviceThread, DeviceAnswer>({
    name: 'device',
    file,
    workerData: undefined,
    log: silentLogger(),
    onDeath,
  })
}
