import assert from 'node:assert/strict'
import { Random } from '@hypershard/harness'
import { documentsOfServer } from './documents-of-server.ts'

describe('how many documents come with the hits of a server', () => {
  it('is all of a single server, and never more than the page', () => {
    assert.equal(documentsOfServer(10, 1), 10)
    for (const k of [1, 10, 1_000]) {
      for (const servers of [1, 2, 7, 300]) assert.ok(documentsOfServer(k, servers) <= k)
    }
  })

  it('spares two pages in three a second call, and reads at most four times the winners', () => {
    const random = new Random(5)
    for (const [k, servers] of [
      [10, 2],
      [10, 8],
      [100, 4],
      [1_000, 16],
    ] as const) {
      const given = documentsOfServer(k, servers)
      let again = 0
      for (let page = 0; page < 300; page++) {
        const parts = new Array<number>(servers).fill(0)
        for (let hit = 0; hit < k; hit++) parts[random.below(servers)]!++
        if (parts.some(part => part > given)) again++
      }
      assert.ok(again <= 0.35 * 300, `${again} of 300 pages of ${k} from ${servers} servers`)
      assert.ok(given * servers <= 4 * k, `${given} documents for each of ${servers}`)
    }
  })
})
