import assert from 'node:assert/strict'
import { atLeast } from './bars.ts'
import type { LoadReport } from './load-bench.ts'
import { renderLoad } from './render-load.ts'

const report: LoadReport = {
  collection: { folders: ['sample'], real: 2, documents: 2 },
  bars: [atLeast('QPS / Chroma', 1.2, 1.5)],
  figures: [{ name: 'documents a second', value: 321 }],
  skipped: [{ what: 'store requests', why: 'moto is not installed' }],
  rows: [
    {
      part: 'new',
      target: 'hypershard-mini',
      documents: 1_000,
      plan: 'defaults',
      queries: 'new',
      texts: true,
      loop: 'closed',
      clients: 8,
      perSecond: null,
      rounds: 1,
      seconds: 3,
      requests: 120,
      qps: 40,
      p50Ms: 12.3,
      p95Ms: 20,
      p99Ms: null,
      failed: 3,
      errors: { overloaded: 2, unavailable: 1 },
      cpuMs: { 'shard-1': { main: 1, threads: 2 }, 'shard-2': { main: 1, threads: 3 } },
      clientCpuMs: 0.2,
      sentBytes: 100,
      receivedBytes: 1_000,
      internalBytes: { 'shard-1': { toServer: 30, fromServer: 7 }, encoder: { toServer: 900, fromServer: 900 } },
      qpsOfRounds: [40],
      p50MsOfRounds: [12.3],
      cpuMsOfRounds: [4.5],
    },
  ],
}

describe('the table of the load bench', () => {
  it('has a line a row, with errors by code and the shard servers taken together', () => {
    const [, row] = renderLoad(report).split('\n')
    assert.match(
      row!,
      /8 clients\s+40\s+12\.3\s+20\s+-\s+2 overloaded 1 unavailable\s+-\s+-\s+7\s+-\s+-\s+0\.200\s+100\s+1,000\s+30\s+7/,
    )
  })

  it('says which bars are missed, and what was left out and why', () => {
    assert.match(renderLoad(report), /QPS \/ Chroma\s+1\.20\s+1\.50\s+NO/)
    assert.match(renderLoad(report), /left out: store requests, moto is not installed/)
  })
})
