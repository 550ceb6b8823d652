import assert from 'node:assert/strict'
import { quietMeter, WorkGate } from '@hypershard/common'
import { quietContext } from '@hypershard/harness'
import { SearchPace } from '../pace/search-pace.ts'
import { SearchMeter } from '../search/search-meter.ts'
import { SlowSearches } from '../search/slow-searches.ts'
import { GenerationAdmin, type GenerationParts } from './generation-admin.ts'

describe('a parity report', () => {
  it('asks for a place among the searches that run at a time, as every search does', async () => {
    const searches = new WorkGate({ work: 'searches', where: 'here', inFlightMax: 1, waitingMax: 0 })
    const entry = { generation: { generation: 1 } }
    const parts = {
      searches,
      pace: new SearchPace(),
      searchMeter: new SearchMeter(quietMeter),
      slowSearches: new SlowSearches({ slowMs: 0, withText: false }),
      catalog: { get: () => entry },
      watcher: { tryOut: async () => entry },
    } as unknown as GenerationParts
    const context = quietContext()
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const other = searches.run(context.deadline, () => held)
    try {
      const admin = new GenerationAdmin(parts)
      const compared = admin.compare('papers', 2, { queries: ['stars'], samples: 1 }, context)
      await assert.rejects(compared, { code: 'overloaded' })
    } finally {
      release()
      await other
    }
  })
})
