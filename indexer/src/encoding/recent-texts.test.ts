import assert from 'node:assert/strict'
import { quietContext } from '@hypershard/harness'
import { latestManifest, type StoredDocument } from '@hypershard/storage'
import { encodeShards } from '../ingest/write-segments.ts'
import { TestLog } from '../testing/test-log.ts'
import { RecentTexts } from './recent-texts.ts'

const documentOf = (id: string, text: string, title = ''): StoredDocument => {
  return { id, title, text, fields: '{}', version: 1 }
}

/** Texts that come again: of the same document, of another one, and as title and text run together. */
const earlier = [documentOf('a', 'one|two'), documentOf('b', 'three'), documentOf('d', 'vier婚', 'x')]
const again = [documentOf('a', 'one|two'), documentOf('e', 'three'), documentOf('d', 'xvier婚')]

for (const passages of [undefined, { overlap: 0 }]) {
  describe(`texts that were encoded before${passages ? ', cut into passages' : ''}`, () => {
    let log: TestLog

    beforeEach(async () => {
      log = await TestLog.create(2, passages)
    })

    afterEach(() => log.remove())

    async function encode(documents: readonly StoredDocument[], recent?: RecentTexts) {
      const manifest = await latestManifest(log.store, log.generation)
      const textsBefore = log.encoder.texts
      const { shards, cost } = await encodeShards(manifest, documents, { ...log.parts, recent }, quietContext())
      const found = [...shards].flatMap(([shard, batches]) =>
        batches.flatMap(({ documents: own, vectors, vectorWidth }) => {
          let row = 0
          return own.map(({ id, passages: cut, read }) => {
            const begin = row
            row += cut?.length ?? 1
            return { id, shard, cut, read, vectors: [...vectors.subarray(begin * vectorWidth, row * vectorWidth)] }
          })
        }),
      )
      const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
      return { found: found.sort(byId), cost, texts: log.encoder.texts - textsBefore }
    }

    it('get the vectors that they would get again, and are not encoded', async () => {
      const recent = new RecentTexts()
      await encode(earlier, recent)
      const anew = await encode(again)
      const known = await encode(again, recent)
      assert.deepEqual(known.found, anew.found)
      // `a` alone is known: both its passages, where texts are cut.
      assert.equal(anew.texts - known.texts, passages ? 2 : 1)
      assert.ok(known.cost > 0 && known.cost < anew.cost)
      assert.deepEqual([(await encode(again, recent)).texts, (await encode(again, recent)).cost], [0, 0])
    })

    it('are forgotten where they take too much room', async () => {
      const recent = new RecentTexts(600)
      await encode(earlier, recent)
      assert.ok((await encode(earlier, recent)).texts > 0)
    })
  })
}
