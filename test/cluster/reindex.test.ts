import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '@hypershard/cli/testing'
import { madeUpDocuments, madeUpText, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'

describe('moving an index to another model with the command line', () => {
  const documents = madeUpDocuments(300)
  let directory: string
  let cluster: TestCluster

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-models-'))
    const first = await writeTinyModel(directory, { name: 'first', qnet: tinyArchitecture, seed: 1 })
    const second = await writeTinyModel(directory, { name: 'second', qnet: tinyArchitecture, seed: 2 })
    cluster = await startTestCluster({ modelDirectories: [first.path, second.path], shardServers: 1 })
    await cluster.request('POST', '/v1/indexes', { name: 'papers', shards: 2 })
    await cluster.put('papers', documents)
  })

  after(async () => {
    await cluster?.stop()
    await rm(directory, { recursive: true, force: true })
  })

  async function run(...words: string[]) {
    const { exitCode, stdout, stderr } = await runCommand(['--url', cluster.cluster.httpUrl, ...words])
    assert.equal(exitCode, 0, stderr)
    return stdout
  }

  it('builds, compares, switches, and goes back', async () => {
    const told = await run('reindex', 'papers', '--model', 'second', '--shards', '3')
    assert.match(told, /^built generation 2 of papers in .*: 300 documents, model second, 3 shards$/m)
    assert.match(told, /^ {2}first ten hits shared with the generation before: \d+\.\d % \(\d+ queries\)/m)
    assert.match(told, /`npx hypershard rollback papers` goes back/)
    const described = JSON.parse(await run('index', 'describe', 'papers', '--json'))
    assert.deepEqual([described.generation, described.shards, described.documents], [2, 3, 300])

    const { generations } = JSON.parse(await run('generation', 'list', 'papers', '--json'))
    assert.deepEqual(
      generations.map(({ phase, names }: { phase: string; names: string[] }) => [phase, names]),
      [
        ['live', []],
        ['live', ['papers']],
      ],
    )
    assert.match(await run('generation', 'list', 'papers'), /live, caught up/)
    assert.match(await run('rollback', 'papers'), /papers is generation 1 again, model first/)
    assert.match(await run('generation', 'drop', 'papers', '2'), /generation 2 of papers: dropped/)
  })

  it('does not switch when the builds answer too differently, and says so', async () => {
    const words = ['--url', cluster.cluster.httpUrl, 'reindex', 'papers', '--model', 'second', '--min-overlap', '100']
    const { exitCode, stdout, stderr } = await runCommand(words)
    assert.notEqual(exitCode, 0)
    assert.match(stdout, /not switched; do so with: npx hypershard generation promote papers 3/)
    assert.match(stderr, /was built but not promoted: overlap \d+ %, less than 100 %/)
    assert.match(await run('generation', 'cancel', 'papers', '3'), /cancelled/)
  })

  it('takes queries of users from a file', async () => {
    const path = join(directory, 'queries.tsv')
    await writeFile(path, Array.from({ length: 130 }, (_, at) => `q${at}\tquery ${at}`).join('\n'))
    const told = await run('generation', 'sample-queries', 'papers', '1', path)
    assert.match(told, /^generation 1 of papers: graphs are calibrated with 64 queries from now on$/m)
    await writeFile(path, 'q1\tonly one')
    const { exitCode, stderr } = await runCommand([
      '--url',
      cluster.cluster.httpUrl,
      'reindex',
      'papers',
      '--sample-queries',
      path,
    ])
    assert.notEqual(exitCode, 0)
    assert.match(stderr, /sample_queries/)
  })

  it('sets, lists and removes aliases', async () => {
    assert.match(await run('alias', 'set', 'live=papers', 'old=papers@1'), /aliases changed, version \d+/)
    assert.match(await run('alias', 'list'), /live +papers +1/)
    const { status } = await cluster.search('live', madeUpText(3, 5))
    assert.equal(status, 200)
    await run('alias', 'remove', 'old')
    assert.match(await run('alias', 'history'), /old → nothing/)
    const { exitCode, stderr } = await runCommand(['--url', cluster.cluster.httpUrl, 'alias', 'set', 'nonsense'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /`nonsense` is not alias=index/)
  })

  it('gets, deletes, verifies and collects', async () => {
    assert.match(await run('documents', 'get', 'papers', 'document-3'), /version +1/)
    assert.match(
      await run('documents', 'delete', 'papers', 'document-3', 'document-4'),
      /^deleted 2 documents from papers/,
    )
    assert.match(
      await run('verify', 'papers'),
      /read 298 documents .*; the manifest counts 298\neverything is as it should be/,
    )
    assert.match(await run('collect', 'papers'), /0 files of papers would be deleted/)
    assert.match(await run('aside', 'papers'), /every document of papers could be encoded/)
  })
})
