import assert from 'node:assert/strict'
import { costOfScoring } from '../cpu/plan-cost.ts'
import { probeArchitecture, probeCosts, probeMsMax } from './probe-costs.ts'

/** A device on a clock that only it moves. */
function deviceOf(times: { runMs: number; rowMs: number; rowByVectorMs: number; compileMs?: number }) {
  const { runMs, rowMs, rowByVectorMs, compileMs = 0 } = times
  let nowMs = 0
  const opened: number[] = []
  const compiled = new Set<string>()
  const run = async (name: string, ms: number) => {
    nowMs += ms + (compiled.has(name) ? 0 : compileMs)
    compiled.add(name)
  }
  const open = async (rows: number) => {
    opened.push(rows)
    return {
      rankByQNet: () => run(`qnet ${rows}`, runMs + rows * rowMs),
      rankByVector: () => run(`vector ${rows}`, runMs + rows * rowByVectorMs),
      release: async () => {},
    }
  }
  return { opened, probe: { open, monotonicMs: () => nowMs } }
}

describe('probeCosts', () => {
  it('tells what a run takes from what its rows do, whatever compiling took', async () => {
    for (const compileMs of [0, 40]) {
      const { probe, opened } = deviceOf({ runMs: 0.4, rowMs: 1e-4, rowByVectorMs: 1e-6, compileMs })
      const costs = await probeCosts(probe)
      assert.equal(opened.length, 3)
      const near = (found: number, expected: number) => assert(Math.abs(found / expected - 1) < 0.05, `${found}`)
      near(costs.runMs, 0.4)
      near(costs.multiplyAddMs, 1e-4 / costOfScoring(probeArchitecture, 1))
      near(costs.valueMs, 1e-6 / 128)
    }
  })

  it('begins nothing more once its time is up, and takes a device that is no GPU for slow', async () => {
    const { probe, opened } = deviceOf({ runMs: 30, rowMs: 1, rowByVectorMs: 0.1, compileMs: probeMsMax })
    const costs = await probeCosts(probe)
    assert.equal(opened.length, 1)
    assert(costs.runMs > 30)
    assert(costs.multiplyAddMs * costOfScoring(probeArchitecture, 16) > 30)
  })

  it('says of a device whose runs are too quick to tell that they take something', async () => {
    const { probe } = deviceOf({ runMs: 0, rowMs: 0, rowByVectorMs: 0 })
    const { multiplyAddMs, valueMs } = await probeCosts(probe)
    assert(multiplyAddMs > 0 && valueMs > 0)
  })
})
