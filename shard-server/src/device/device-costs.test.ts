import assert from 'node:assert/strict'
import { publishedArchitecture } from '@hypershard/harness/qnets'
import { DeviceCosts } from './device-costs.ts'

const architecture = publishedArchitecture(384, 4)
const gpu = { runMs: 0.2, multiplyAddMs: 1e-10, valueMs: 1e-9 }
const work = (vectors: number, segments = 1) => ({ architecture, segments, vectors, eligibleVectors: vectors })

describe('DeviceCosts', () => {
  it('has the device rank what takes the CPU longer, exactly and by tangent', () => {
    const costs = new DeviceCosts(gpu, 2)
    // 0.65 M multiply-adds a document, 7 µs of two cores; a document of 384 values is read in 10 ns.
    for (const [vectors, exactly, byTangent] of [
      [100, false, false],
      [2_000, true, false],
      [1_000_000, true, true],
    ] as const) {
      assert.equal(costs.isQuickerExactly(work(vectors), 74), exactly, `${vectors} exactly`)
      assert.equal(costs.isQuickerByTangent(work(vectors)), byTangent, `${vectors} by tangent`)
    }
    // Each segment is a run of its own, and the device ranks what a filter leaves out as well.
    assert.equal(costs.isQuickerExactly(work(2_000, 200), 74), false)
    assert.equal(costs.isQuickerExactly({ ...work(1_000_000), eligibleVectors: 100 }, 74), false)
    // More threads need less time.
    assert.equal(new DeviceCosts(gpu, 128).isQuickerExactly(work(2_000), 74), false)
  })

  it('goes by what real runs of an architecture take, and forgets one that had to wait', () => {
    const costs = new DeviceCosts(gpu, 2)
    for (let run = 0; run < 60; run++) costs.note(work(2_000), true, 2_000)
    assert.equal(costs.isQuickerExactly(work(2_000), 74), false)
    const other = { ...work(2_000), architecture: publishedArchitecture(384, 3) }
    assert.equal(costs.isQuickerExactly(other, 74), true, 'another architecture is as the probe has it')
    costs.note(work(2_000), true, 0.5)
    costs.note(work(2_000), true, 10_000)
    assert.equal(costs.isQuickerExactly(work(2_000), 74), true)
  })

  it('tells what it goes by', () => {
    const costs = new DeviceCosts(gpu, 2)
    assert.deepEqual(costs.costs, gpu)
    costs.note(work(1_000), false, gpu.runMs)
    assert.deepEqual(costs.costs, { ...gpu, valueMs: 0 })
  })
})
