import assert from 'node:assert/strict'
import { type Asked, cpuMsOfAll, measurementOf, type Sample } from './measurement.ts'

const asked: Asked = {
  part: 'new',
  target: 'x',
  documents: 10,
  plan: 'exact',
  queries: 'new',
  texts: true,
  loop: 'closed',
  clients: 1,
  perSecond: null,
}

function sample(latenciesMs: readonly number[], more: Partial<Sample['result']> = {}): Sample {
  return {
    result: {
      requests: [],
      sentElsewhere: 0,
      wrongAnswers: [],
      latenciesMs: Float64Array.from(latenciesMs),
      errors: {},
      completed: latenciesMs.length,
      seconds: 2,
      used: latenciesMs.length,
      bytesSent: 100,
      bytesReceived: 1_000,
      cpuSeconds: 0.5,
      ...more,
    },
    cpu: { coordinator: { main: 1, threads: 0.2 } },
    internal: { 'shard-1': { toServer: 50, fromServer: 500 } },
  }
}

describe('a measurement', () => {
  it('has exact percentiles over all rounds and the median of their rates', () => {
    const rounds = [sample([1, 2, 3, 4]), sample([5, 6, 7, 8, 9, 10]), sample(Array(10).fill(100))]
    const { qps, qpsOfRounds, p50Ms, p95Ms, requests } = measurementOf(asked, rounds)
    assert.deepEqual({ qps, p50Ms, p95Ms, requests }, { qps: 3, p50Ms: 10, p95Ms: 100, requests: 20 })
    assert.deepEqual(qpsOfRounds, [2, 3, 5])
  })

  it('shares CPU time and bytes among the requests that were answered', () => {
    const row = measurementOf(asked, [sample([1, 1]), sample([1, 1])])
    assert.deepEqual(row.cpuMs, { coordinator: { main: 500, threads: 100 } })
    assert.equal(cpuMsOfAll(row), 600)
    assert.deepEqual(row.cpuMsOfRounds, [600, 600])
    assert.deepEqual(row.internalBytes, { 'shard-1': { toServer: 25, fromServer: 250 } })
    assert.deepEqual([row.sentBytes, row.receivedBytes, row.clientCpuMs], [50, 500, 250])
  })

  it('adds up errors by code', () => {
    const row = measurementOf(asked, [
      sample([1], { errors: { overloaded: 1 } }),
      sample([1], { errors: { overloaded: 2, unavailable: 1 } }),
    ])
    assert.deepEqual([row.failed, row.errors], [4, { overloaded: 3, unavailable: 1 }])
  })

  it('of nothing that was answered has no percentiles', () => {
    const { qps, p50Ms, p99Ms, cpuMs } = measurementOf(asked, [sample([], { errors: { unavailable: 3 } })])
    assert.deepEqual([qps, p50Ms, p99Ms, cpuMs.coordinator], [0, null, null, { main: 0, threads: 0 }])
  })

  it('tells no bytes where a round could not count them', () => {
    const blind = { ...sample([1], { bytesSent: null, bytesReceived: null }), internal: null }
    const { sentBytes, internalBytes } = measurementOf(asked, [sample([1]), blind])
    assert.deepEqual([sentBytes, internalBytes], [null, null])
  })
})
