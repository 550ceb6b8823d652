import assert from 'node:assert/strict'
import { cpuBetween, cpuSecondsIn } from './process-cpu.ts'

describe('the CPU time of a process', () => {
  it('is read behind its name, whatever that is', () => {
    const stat = '4242 (a (b) c) S 1 4242 4242 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 11 0 900 1 2 3'
    assert.equal(cpuSecondsIn(stat), 2)
  })

  it('between two readings is never less than nothing', () => {
    assert.deepEqual(cpuBetween({ main: 1, threads: 2 }, { main: 1.5, threads: 1.99 }), { main: 0.5, threads: 0 })
  })

  it('is not known of a process that ended', () => {
    assert.equal(cpuBetween({ main: 1, threads: 2 }, undefined), undefined)
  })
})
