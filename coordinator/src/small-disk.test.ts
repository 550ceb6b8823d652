import assert from 'node:assert/strict'
import { casesOf, Random } from '@hypershard/harness'
import { mountSmallDisk, type SmallDisk } from '@hypershard/harness/stores'
import {
  eligibleDocuments,
  firstGeneration,
  latestManifest,
  type ObjectStore,
  readIndex,
  verifyGeneration,
  WriteLog,
} from '@hypershard/storage'
import { type Answer, post, put, startTestCoordinator, startTestIndexer } from './testing/test-coordinator.ts'

const mebibyte = 1_024

/** Writers that send at the same time. */
const writers = 4

interface Line {
  readonly id: string
  readonly text: string
}

/** Bodies of one write each, as an endless row. */
type Bodies = (random: Random, write: number) => Line[]

const small: Bodies = (_, write) => [{ id: `d${write}`, text: `stars ${write}` }]

/** Bulk writes among single ones, up to 200 KiB a document, ids that come again. */
const mixed: Bodies = (random, write) =>
  Array.from({ length: random.chance(0.2) ? 1 + random.below(40) : 1 }, (_, line) => ({
    id: `d${random.chance(0.3) ? random.below(50) : `${write}-${line}`}`,
    text: 'stars '.repeat(1 + random.below(random.chance(0.05) ? 34_000 : 200)),
  }))

describe('a small disk that writes fill up', function () {
  this.timeout(240_000)
  let disk: SmallDisk | undefined
  let stops: (() => Promise<unknown>)[]

  beforeEach(() => {
    stops = []
  })

  afterEach(async () => {
    for (const stop of stops.reverse()) await stop()
    await disk?.remove()
  })

  /** Writes until none is taken any more. @returns the ids that were accepted, and the refusal */
  async function fill(urls: readonly string[], bodies: Bodies): Promise<{ ids: Set<string>[]; refusal: Answer }> {
    const random = new Random(7)
    const ids = urls.map(() => new Set<string>())
    let refusal: Answer | undefined
    let writes = 0
    const write = async () => {
      while (refusal === undefined) {
        const target = random.below(urls.length)
        const lines = bodies(random, writes++)
        const answer = await put(`${urls[target]}/documents?wait_for=durable`, lines)
        if (answer.status === 200) for (const { id } of lines) ids[target]!.add(id)
        else refusal = answer
      }
    }
    await Promise.all(Array.from({ length: writers }, write))
    return { ids, refusal: refusal! }
  }

  /** Resolves once the index has everything that is in its log. */
  async function indexed(store: ObjectStore, name: string) {
    const record = await readIndex(store, name)
    const last = await new WriteLog(store, record).head()
    for (;;) {
      const manifest = await latestManifest(store, firstGeneration(record))
      if (manifest.log.sequence >= last) return manifest
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  const cases = [
    {
      what: 'small writes that nobody indexes meanwhile',
      mib: casesOf({ usual: 6, thorough: 24 }),
      bodies: small,
      names: ['papers'],
      beside: false,
      min: 200,
    },
    {
      what: 'small writes that are indexed meanwhile',
      mib: casesOf({ usual: 6, thorough: 12 }),
      bodies: small,
      names: ['papers'],
      beside: true,
      min: 200,
    },
    {
      what: 'a mix of sizes that nobody indexes meanwhile',
      mib: 24,
      bodies: mixed,
      names: ['one', 'two'],
      beside: false,
      min: 100,
    },
    {
      what: 'a mix of sizes that is indexed meanwhile',
      mib: 24,
      bodies: mixed,
      names: ['one', 'two'],
      beside: true,
      min: 100,
    },
  ]
  for (const { what, mib, bodies, names, beside, min } of cases) {
    it(`takes no more of ${what} than it has room to index`, async function () {
      disk = await mountSmallDisk(mib * mebibyte)
      if (disk === undefined) this.skip()
      const storeDirectory = disk!.path
      const environment = { HYPERSHARD_PUT_LAG_MAX: '1000000' }
      const coordinator = await startTestCoordinator({ storeDirectory, environment, indexer: beside })
      stops.push(() => coordinator.stop())
      const { store, encoder, url } = coordinator
      for (const name of names) await post(`${url}/v1/indexes`, { name, shards: 2 })
      const { ids, refusal } = await fill(
        names.map(name => `${url}/v1/indexes/${name}`),
        bodies,
      )
      const { code, retryable } = refusal.json
      assert.deepEqual([refusal.status, code, retryable], [507, 'storage_full', true], JSON.stringify(refusal.json))
      assert.match(refusal.json.detail, /bytes left, and \d+ are needed to index what waits and this write/)
      const accepted = ids.reduce((sum, own) => sum + own.size, 0)
      assert.ok(accepted >= min, `only ${accepted} documents were accepted`)
      if (!beside) {
        const indexer = await startTestIndexer(storeDirectory, encoder)
        stops.push(() => indexer.stop())
      }
      for (const [at, name] of names.entries()) {
        const manifest = await indexed(store, name)
        assert.equal(eligibleDocuments(manifest), ids[at]!.size)
        assert.deepEqual((await verifyGeneration(store, manifest)).problems, [])
      }
    })
  }
})
