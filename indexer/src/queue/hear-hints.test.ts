import assert from 'node:assert/strict'
import { MemoryStore } from '@hypershard/harness/stores'
import {
  announcingStore,
  changeGenerationState,
  commitManifest,
  createGeneration,
  createIndex,
  deleteIndex,
  firstGeneration,
  type IndexRecord,
  LogPartBuilder,
  latestManifest,
  type ObjectStore,
  WriteLog,
} from '@hypershard/storage'
import { StoreScanner } from './scan-store.ts'

const model = { name: 'letters', digest: 'ab'.repeat(32) }
const everyMs = 60_000

describe('hearing of work', () => {
  let memory: MemoryStore
  let others: ObjectStore
  let told: string[]
  let nowMs: number
  let scanner: StoreScanner

  beforeEach(() => {
    memory = new MemoryStore()
    told = []
    others = announcingStore(memory, key => void told.push(key))
    nowMs = 0
    const clock = { now: () => nowMs, monotonicMs: () => nowMs }
    scanner = new StoreScanner(memory, clock, { everyMs: () => everyMs, keepMs: 3_600_000 })
  })

  const create = (name: string) => createIndex(others, { name, model, vectorWidth: 2, shards: 1, replicas: 1 })

  async function write(index: IndexRecord): Promise<number> {
    const part = new LogPartBuilder()
    part.add({ type: 'put', document: { id: 'a', title: '', text: 'a', fields: '{}' } })
    const stored = await part.store(others, { index: index.name, indexUid: index.uid })
    return (await new WriteLog(others, index).append({ parts: [stored] })).sequence
  }

  async function commit(index: IndexRecord, sequence: number): Promise<void> {
    const manifest = await latestManifest(others, firstGeneration(index))
    await commitManifest(others, manifest, { log: { sequence, parts: 0 } })
  }

  /** What is found, as `kind index generation`. */
  async function scan(): Promise<string[]> {
    const jobs = await scanner.findWork(() => true)
    return jobs.map(job => ('generation' in job ? `${job.kind} ${job.index} ${job.generation}` : job.kind))
  }

  /** @returns whether any of it is worth a look */
  const deliver = (keys = told.splice(0)) => keys.map(key => scanner.hear(key)).includes(true)

  it('finds at once what it is told of: a new index, a write, a generation', async () => {
    assert.deepEqual(await scan(), [])
    const papers = await create('papers')
    assert.ok(deliver())
    assert.deepEqual(await scan(), [])
    await write(papers)
    assert.ok(deliver())
    assert.deepEqual(await scan(), ['advance papers 1'])
    await commit(papers, 1)
    deliver()
    assert.deepEqual(await scan(), [])
    const source = { log: { sequence: 1, parts: 0 }, backfill: { generation: 1, version: 1, slices: 1 } }
    await createGeneration(others, papers, { model, vectorWidth: 2, shards: 1, source })
    assert.ok(deliver())
    assert.deepEqual(await scan(), ['backfill papers 2'])
  })

  it('finds the work of a generation that is no longer paused, and none of one that is', async () => {
    const papers = await create('papers')
    await write(papers)
    await changeGenerationState(others, firstGeneration(papers), () => ({ paused: true }))
    assert.deepEqual(await scan(), [])
    told.length = 0
    await changeGenerationState(others, firstGeneration(papers), () => ({ paused: false }))
    assert.ok(deliver())
    assert.deepEqual(await scan(), ['advance papers 1'])
  })

  it('comes to the same whatever hints are doubled or late, and looks nowhere for what it knows', async () => {
    const papers = await create('papers')
    for (let at = 0; at < 3; at++) await write(papers)
    assert.deepEqual(await scan(), ['advance papers 1'])
    await commit(papers, 3)
    const keys = told.splice(0).reverse()
    assert.ok(deliver([...keys, ...keys]))
    assert.deepEqual(await scan(), [])
    const entries = keys.filter(key => key.includes('/entries/') || key.includes('/manifest/'))
    assert.equal(deliver(entries), false)
    const before = memory.requests
    assert.deepEqual(await scan(), [])
    assert.equal(memory.requests, before)
  })

  it('finds the newest version though what comes next after the one it knows is deleted', async () => {
    const papers = await create('papers')
    await scan()
    for (let at = 1; at <= 3; at++) await commit(papers, await write(papers))
    const versions = told.filter(key => key.includes('/manifest/'))
    for (const key of versions.slice(0, 2)) await others.delete(key)
    deliver()
    assert.deepEqual(await scan(), [])
    await write(papers)
    deliver()
    assert.deepEqual(await scan(), ['advance papers 1'])
  })

  it('finds within the time set a write that nobody told of', async () => {
    const papers = await create('papers')
    await scan()
    await write(papers)
    const found: string[] = []
    for (let second = 0; second < 60; second++) {
      nowMs += 1_000
      found.push(...(await scan()))
    }
    assert.equal(found[0], 'advance papers 1')
  })

  it('looks at everything once it may have missed something', async () => {
    const papers = await create('papers')
    await scan()
    await write(papers)
    scanner.lookAtAll()
    nowMs += 100
    const found = [...(await scan()), ...(await scan())]
    assert.ok(found.includes('advance papers 1'))
  })

  it('looks again where a job has ended', async () => {
    const papers = await create('papers')
    await write(papers)
    const [job] = await scanner.findWork(() => true)
    assert.deepEqual(await scan(), [])
    scanner.hearEnd(job!)
    assert.deepEqual(await scan(), ['advance papers 1'])
  })

  it('has what it was told of still to do after the store was away', async () => {
    const papers = await create('papers')
    await scan()
    await write(papers)
    deliver()
    const { get } = memory
    memory.get = async () => {
      throw new Error('away')
    }
    await assert.rejects(
      scanner.findWork(() => true),
      /away/,
    )
    memory.get = get
    assert.ok((await scan()).includes('advance papers 1'))
  })

  it('forgets an index that is deleted', async () => {
    const papers = await create('papers')
    await write(papers)
    assert.deepEqual(await scan(), ['advance papers 1'])
    told.length = 0
    await deleteIndex(others, 'papers')
    deliver()
    assert.deepEqual(await scan(), [])
    nowMs += everyMs
    await scan()
    nowMs += everyMs
    const before = memory.requests
    assert.deepEqual(await scan(), [])
    assert.ok(memory.requests - before <= 1, 'one listing')
  })

  for (const { indexes, perSecondMax } of [
    { indexes: 10, perSecondMax: 0.6 },
    { indexes: 500, perSecondMax: 16 },
  ]) {
    it(`asks the store at most ${perSecondMax} times a second while ${indexes} indexes are idle`, async () => {
      for (let at = 0; at < indexes; at++) await create(`index-${at}`)
      while ((await scan()).length > 0);
      const before = memory.requests
      const seconds = 60
      for (let second = 0; second < seconds; second++) {
        nowMs += 1_000
        await scan()
      }
      const perSecond = (memory.requests - before) / seconds
      assert.ok(perSecond > 0 && perSecond <= perSecondMax, `${perSecond} requests a second`)
    })
  }
})
