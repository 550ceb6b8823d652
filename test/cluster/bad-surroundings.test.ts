import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { madeUpDocuments, type Problem, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { writeTinyModel } from '@hypershard/harness/qnets'
import { ProcessFailure } from '@hypershard/local-cluster'

describe('a cluster in bad surroundings', () => {
  let directory: string
  const ending: (() => Promise<unknown>)[] = []

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-bad-'))
  })
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end()
    await rm(directory, { recursive: true })
  })

  it('does not start with a model directory that lacks a file, and names the file', async () => {
    const model = await writeTinyModel(directory)
    await rm(join(model.path, 'tokenizer.json'))
    await assert.rejects(startTestCluster({ modelDirectories: [model.path], shardServers: 1 }), (error: Error) => {
      assert(error instanceof ProcessFailure)
      assert.match(error.message, /tokenizer\.json/)
      return true
    })
  })

  it('does not start on a port that is taken, and says which', async () => {
    const other = createServer()
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    ending.push(() => new Promise(resolve => other.close(resolve)))
    const { port } = other.address() as { port: number }
    await assert.rejects(startTestCluster({ http: `127.0.0.1:${port}`, shardServers: 1 }), (error: Error) => {
      assert(error instanceof ProcessFailure)
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`))
      return true
    })
  })

  it('leaves no process behind when it stops', async () => {
    const cluster = await startTestCluster({ shardServers: 1 })
    const pids = cluster.cluster.processes.map(({ pid }) => pid!)
    assert.equal(pids.length, 4)
    await cluster.stop()
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  })

  describe('whose disk is full', () => {
    let cluster: TestCluster

    beforeEach(async function () {
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', directory], { stdio: 'pipe' })
      } catch {
        // Mounting takes root. Without it there is no disk to fill.
        this.skip()
      }
      ending.push(async () => execFileSync('umount', [directory]))
      cluster = await startTestCluster({ dataDirectory: join(directory, 'data'), shardServers: 1 })
      ending.push(() => cluster.stop())
    })

    it('refuses the put with 507, keeps what was there, and takes puts again when there is room', async () => {
      await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 2 })
      assert.equal((await cluster.put('papers', madeUpDocuments(50))).status, 200)
      const large = madeUpDocuments(400).map(document => ({
        ...document,
        id: `large-${document.id}`,
        notes: 'x'.repeat(20_000),
      }))
      const refused = await cluster.put('papers', large)
      assert.equal(refused.status, 507)
      assert.equal((refused.body as unknown as Problem).code, 'storage_full')
      const { body } = await cluster.search('papers', 'query', { k: 100 })
      assert.deepEqual([body.hits.length, body.coverage.ratio], [50, 1])
      const again = await cluster.put('papers', [{ id: 'small', text: 'small enough' }])
      assert.deepEqual([again.status, again.body.accepted], [200, 1])
    })
  })
})
