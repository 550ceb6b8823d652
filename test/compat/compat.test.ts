import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, isThorough } from '@hypershard/harness'
import {
  madeUpDocuments,
  madeUpText,
  type SearchAnswer,
  startTestCluster,
  type TestCluster,
} from '@hypershard/harness/cluster'
import type { ServicePrograms } from '@hypershard/local-cluster'
import { repositoryRoot } from '../tidy/source-files.ts'
import { extractPreviousCode } from './previous-code.ts'

type Version = 'previous' | 'this'
type Kind = keyof ServicePrograms

const folderOf: Readonly<Record<Kind, string>> = {
  encoder: 'encoder-service',
  shard: 'shard-server',
  indexer: 'indexer',
  coordinator: 'coordinator',
}
const kinds = Object.keys(folderOf) as Kind[]
const queries = Array.from({ length: 5 }, (_, at) => madeUpText(900 + at, 4))

/** One cluster, whose processes go from one version to the other and back while its documents stay. */
describe('processes of this protocol version and of the one before', function () {
  this.timeout(120_000)
  const documents = madeUpDocuments(120)
  let folder: string
  let cluster: TestCluster
  let expected: unknown
  let written = documents.length

  before(async function () {
    if (!isThorough()) return this.skip()
    folder = await mkdtemp(join(tmpdir(), 'hypershard-compat-'))
    const missing = extractPreviousCode(folder)
    if (missing !== undefined) {
      console.log(`    not compared with the protocol version before: ${missing}`)
      return this.skip()
    }
    mkdirSync(join(folder, 'runs'))
    for (const kind of kinds) choose(kind, 'previous')
    const programs = Object.fromEntries(kinds.map(kind => [kind, programOf(kind)])) as Record<Kind, string>
    // Measuring which kernel is quicker may come out differently, and so would vectors.
    const environment = { HYPERSHARD_ENCODER_KERNEL: 'fp32' }
    cluster = await startTestCluster({ programs, environment, adminListeners: false, sharedQNets: false })
  })

  after(async () => {
    await cluster?.stop()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  /** What a process runs is a link to the main file of a version. */
  function programOf(kind: Kind): string {
    return join(folder, 'runs', `${kind}.ts`)
  }

  function choose(kind: Kind, version: Version): void {
    rmSync(programOf(kind), { force: true })
    const code = version === 'previous' ? folder : repositoryRoot
    symlinkSync(join(code, folderOf[kind], 'src/main.ts'), programOf(kind))
  }

  async function restart(names: readonly string[], version: Version): Promise<void> {
    for (const name of names) choose(name.replace(/-\d+$/, '') as Kind, version)
    await Promise.all(names.map(name => cluster.cluster.restartProcess(name)))
    await eventually(async () => (await cluster.request('GET', '/readyz')).status === 200)
  }

  async function found(): Promise<unknown> {
    const answers = await Promise.all(queries.map(query => cluster.search('papers', query, { k: 20, ids_only: true })))
    for (const { status, body } of answers) {
      assert.equal(status, 200, JSON.stringify(body))
      assert.equal(body.coverage.ratio, 1)
      assert.equal(body.coverage.documents_eligible, written)
    }
    return answers.map(({ body }) => body.hits.map(({ id, score }: SearchAnswer['hits'][number]) => [id, score]))
  }

  /** What is written is deleted again, so that the same is found. */
  async function write(): Promise<void> {
    const extra = { id: 'extra', text: madeUpText(7_777, 12) }
    assert.equal((await cluster.put('papers', [extra])).body.accepted, 1)
    written++
    const { body } = await cluster.search('papers', extra.text, { k: 200, ids_only: true })
    assert.ok(body.hits.some(({ id }) => id === 'extra'))
    const remove = '/v1/indexes/papers/documents/delete?wait_for=searchable'
    assert.equal((await cluster.request('POST', remove, { ids: ['extra'] })).status, 200)
    written--
  }

  async function reindex(shards: number): Promise<void> {
    const begun = await cluster.request<{ generation: number }>('POST', '/v1/indexes/papers/reindex', { shards })
    assert.equal(begun.status, 201, JSON.stringify(begun.body))
    const path = `/v1/indexes/papers/generations/${begun.body.generation}`
    await eventually(async () => {
      const { body } = await cluster.request<{ progress: { caught_up: boolean } }>('GET', path)
      return body.progress.caught_up
    })
    const promoted = await cluster.request('POST', `${path}/promote`, {})
    assert.equal(promoted.status, 200, JSON.stringify(promoted.body))
  }

  async function works(shards: number): Promise<void> {
    assert.deepEqual(await found(), expected)
    await write()
    await reindex(shards)
    assert.deepEqual(await found(), expected)
  }

  it('begin with the version before', async () => {
    await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 3 })
    assert.equal((await cluster.put('papers', documents)).body.accepted, documents.length)
    expected = await found()
  })

  it('work together: shard servers and encoder of this one, the others of the one before', async () => {
    await restart(['encoder', 'shard-1', 'shard-2'], 'this')
    await works(2)
  })

  it('read what the one before has stored: all of this one', async () => {
    await restart(['coordinator', 'indexer'], 'this')
    await works(3)
  })

  it('work together: coordinator and indexer of this one, the others of the one before', async () => {
    await restart(['encoder', 'shard-1', 'shard-2'], 'previous')
    await works(2)
  })

  it('read what this one has stored: all of the one before', async () => {
    await restart(['coordinator', 'indexer'], 'previous')
    await works(3)
  })
})
