import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { HypershardClient, operations } from '@hypershard/client'
import { connect } from '@hypershard/client/node'
import { programEnvironment } from '@hypershard/harness'
import { startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { servedOperations } from '../security/served-operations.ts'
import { repositoryRoot } from '../tidy/source-files.ts'
import { ownVectorsTests } from './own-vectors-tests.ts'

/** The documentation of the API; programs have no use for a page. */
const leftOut = ['openapi', 'docs']

const run = promisify(execFile)

describe('the TypeScript client and a cluster', () => {
  let cluster: TestCluster
  let url: string

  before(async () => {
    cluster = await startTestCluster({ shardServers: 1 })
    url = cluster.cluster.httpUrl
  })

  after(() => cluster?.stop())

  it('has every operation that a coordinator serves, and no other', async () => {
    const served = (await servedOperations(url)).filter(({ id }) => !leftOut.includes(id))
    const mine = Object.entries(operations).map(([id, { method, path }]) => `${id} ${method} ${path}`)
    assert.deepEqual(mine.sort(), served.map(({ id, method, path }) => `${id} ${method} ${path}`).sort())
  })

  for (const guide of ['clients', 'hybrid']) {
    it(`does what the guide docs/guides/${guide}.md shows`, async () => {
      const page = await readFile(join(repositoryRoot, `docs/guides/${guide}.md`), 'utf8')
      const [, program] = /```ts\n(.*?)```/s.exec(page)!
      const [, printed] = /It prints:\n\n```\n(.*?)```/s.exec(page)!
      await mkdir(join(repositoryRoot, '.cache'), { recursive: true })
      const directory = await mkdtemp(join(repositoryRoot, '.cache/guide-'))
      try {
        await writeFile(join(directory, 'example.ts'), program!)
        const environment = { ...programEnvironment, HYPERSHARD_URL: url }
        const { stdout } = await run(process.execPath, [join(directory, 'example.ts')], { env: environment })
        assert.equal(stdout, printed)
      } finally {
        await rm(directory, { recursive: true })
      }
    })
  }

  const kinds = [
    { kind: 'fetch', client: () => new HypershardClient({ url }) },
    { kind: "Node's HTTP", client: () => connect({ url }) },
  ]
  for (const { kind, client: make } of kinds) {
    it(`streams one body over ${kind}`, async () => {
      const index = kind === 'fetch' ? 'streamed' : 'streamed-node'
      const client = make()
      await client.createIndex({ name: index })
      let produced = 0
      async function* body() {
        for (; produced < 300; produced++) yield Buffer.from(`{"id":"${produced}","text":"ba ce di"}\n`)
      }
      const answer = await client.putDocuments(index, body(), { waitFor: 'searchable' })
      assert.equal(answer.accepted, 300)
      assert.equal(answer.searchable, true)
      const ids = new Set<string>()
      for await (const { id } of client.hits(index, { query: 'ba', k: 100, plan: 'exact', ids_only: true })) ids.add(id)
      assert.equal(ids.size, 300)
    })

    it(`throws over ${kind} what reading the source threw, and nothing is written`, async () => {
      const index = kind === 'fetch' ? 'torn' : 'torn-node'
      const client = make()
      await client.createIndex({ name: index })
      const torn = new Error('the source is torn')
      async function* body() {
        yield Buffer.from('{"id":"a","text":"ba"}\n')
        throw torn
      }
      await assert.rejects(client.putDocuments(index, body()), torn)
      await assert.rejects(client.getDocument(index, 'a'), { code: 'document_not_found' })
    })
  }

  it('watches a build to its end, and repeats a load without writing it twice', async () => {
    const client = connect({ url })
    await client.createIndex({ name: 'built' })
    const documents = Array.from({ length: 20 }, (_, at) => ({ id: `${at}`, text: 'ba ce' }))
    const load = { idempotencyKey: 'load', batchDocumentsMax: 8, waitFor: 'searchable' as const }
    const first = await client.putAll('built', documents, load)
    assert.equal((await client.putAll('built', documents, load)).sequence, first.sequence)
    const { generation } = await client.startReindex('built', { shards: 1 })
    let last: { documents: number } | undefined
    for await (const state of client.watchGeneration('built', generation)) last = state
    assert.equal(last?.documents, 20)
  })

  ownVectorsTests(() => cluster)
})
