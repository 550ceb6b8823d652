import assert from 'node:assert/strict'
import { casesOf, useSoftwareGpu } from '@hypershard/harness'
import type { QNetArchitecture } from '@hypershard/qnet'
import { exactScan, foundIn, segmentOf, wholeShard } from '../testing/device-rows.ts'
import { realThread, soon, TestDevice } from '../testing/test-device.ts'
import { deviceMetrics } from './metrics.ts'

/** Real shaders, on a GPU that the CPU plays: each architecture is seconds of compiling, so that there are few. */
describe('a backend with webgpu', () => {
  let test: TestDevice

  before(async function () {
    useSoftwareGpu(this)
    test = new TestDevice(realThread('webgpu', 100 * 8 * 4, 'auto'))
    await test.device.probe()
    assert.equal(test.device.precision, 'f32', 'SwiftShader has no f16')
  })

  after(() => test?.close())

  const relu: QNetArchitecture = {
    vectorDimensions: [8, 8, 1],
    activation: 'relu',
    layerNorm: true,
    layerNormBeforeResidual: true,
    residual: true,
    residualOnLast: true,
  }
  const others: QNetArchitecture[] = [
    { ...relu, vectorDimensions: [8, 12, 8, 1], residual: false, residualOnLast: false, activation: 'gelu' },
    { ...relu, vectorDimensions: [8, 8, 8, 8, 1], layerNormBeforeResidual: false, activation: 'tanh' },
    { ...relu, vectorDimensions: [8, 1], activation: 'sigmoid' },
    { ...relu, layerNorm: false, activation: 'leaky_relu' },
  ]

  it('gives the bits of the CPU alone, over chunks, ties, masks and pages', async () => {
    const segments = [
      segmentOf('a', { rows: 230, width: 8, seed: 1, repeats: 150 }),
      segmentOf('b', { rows: 90, width: 8, seed: 2 }),
    ]
    await test.hold(...segments)
    for (const architecture of [relu, ...others].slice(0, casesOf({ usual: 1, thorough: 5 }))) {
      for (let seed = 0; seed < casesOf({ usual: 2, thorough: 8 }); seed++) {
        const shard = wholeShard(0, segments)
        const excluded = Uint8Array.from({ length: 29 }, (_, at) => (at * 37 + seed) & 0xff & (at === 28 ? 0x3f : 0xff))
        const left = [...excluded].reduce((sum, byte) => sum - byte.toString(2).replaceAll('0', '').length, 230)
        const masked = { ...shard, segments: [{ ...shard.segments[0]!, excluded, eligible: left }, shard.segments[1]!] }
        const request = exactScan(architecture, [seed % 2 === 0 ? shard : masked], { seed })
        await test.expectSame(request, `${architecture.activation}, seed ${seed}`)
        const { hits } = foundIn(await test.pool.scan(request, soon()))[0]!
        await test.expectSame({ ...request, after: hits[5] }, `${architecture.activation}, seed ${seed}, next page`)
        const plan = { kind: 'tangent', candidates: 10 } as const
        await test.expectSame({ ...request, plan }, `${architecture.activation}, seed ${seed}, by tangent`)
      }
    }
    assert((await test.meter.valueOf(deviceMetrics.shards, { outcome: 'certain' })) >= 3)
    assert((await test.meter.valueOf(deviceMetrics.tangents, { outcome: 'certain' })) >= 2)
    test.drop(...segments)
  })
})
