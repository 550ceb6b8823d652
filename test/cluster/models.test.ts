import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Problem, type SearchAnswer, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { type TinyModel, tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'

interface Ready {
  readonly indexes_without_model: readonly { readonly index: string; readonly message: string }[]
}

describe('a cluster and what its models can read', function () {
  this.timeout(120_000)
  let directory: string
  let mini: TinyModel
  let dense: TinyModel
  let cluster: TestCluster | undefined

  /** A cluster on the same data as those before, with these models: what one test wrote, the next finds. */
  async function restart(...models: TinyModel[]): Promise<TestCluster> {
    await cluster?.stop()
    cluster = undefined
    const modelDirectories = models.map(({ path }) => path)
    cluster = await startTestCluster({ dataDirectory: join(directory, 'data'), modelDirectories, shardServers: 1 })
    return cluster
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-models-'))
    mini = await writeTinyModel(directory, { name: 'mini', qnet: tinyArchitecture, interprets: true })
    dense = await writeTinyModel(directory, { name: 'dense' })
    await writeFile(join(mini.path, 'about.json'), '{ "languages": ["en"] }')
    const { request, put } = await restart(mini)
    await request('POST', '/v1/indexes', { name: 'papers', shards: 2 })
    await put('papers', [{ id: 'a', text: 'how stars twinkle' }])
  })

  after(async () => {
    await cluster?.stop()
    await rm(directory, { recursive: true })
  })

  it('searches a text as the needs that its model finds in it, and as an expression of these', async () => {
    const { request, put, search } = cluster!
    const { body: listed } = await request<{ models: { interprets: boolean }[] }>('GET', '/v1/models')
    assert.deepEqual(
      listed.models.map(({ interprets }) => interprets),
      [true],
    )
    await request('POST', '/v1/indexes', { name: 'needs', shards: 2 })
    await put('needs', [
      { id: 'stars', text: 'how stars twinkle' },
      { id: 'rivers', text: 'cold rivers carry sand' },
      { id: 'birds', text: 'early birds sing' },
    ])
    type Interpreted = Pick<SearchAnswer, 'hits'> & { interpretation?: { any: string[] }; leaves?: string[] }
    const find = async (query: unknown, options: object = {}) =>
      (await request<Interpreted>('POST', '/v1/indexes/needs/search', { query, plan: 'exact', ...options })).body
    const text = 'how stars twinkle or cold rivers carry sand'
    const found = await find(text, { interpret: true })
    assert.deepEqual(found.interpretation, { any: ['how stars twinkle', 'cold rivers carry sand'] })
    const composed = await find(found.interpretation)
    assert.deepEqual([found.hits, found.leaves], [composed.hits, ['any[0]', 'any[1]']])
    const plain = await find('early birds sing', { interpret: true })
    const { body: asItIs } = await search('needs', 'early birds sing', { plan: 'exact' })
    assert.deepEqual([plain.hits, plain.interpretation], [asItIs.hits, undefined])
    await request('DELETE', '/v1/indexes/needs')
  })

  it('tells the languages of a model, and what it cannot read of documents and queries', async () => {
    const { request, put, search } = cluster!
    const { body: listed } = await request<{ models: { languages: string[] }[] }>('GET', '/v1/models')
    assert.deepEqual(listed.models[0]!.languages, ['en'])
    await request('POST', '/v1/indexes', { name: 'unread', shards: 2 })
    const written = await put('unread', [
      ...['婚礼', '菜单', '邀请', '🦊', 'a'.repeat(200_000), '\u0001'].map((text, at) => ({
        id: `unread-${at}`,
        text,
      })),
      { id: 'read', text: 'how stars twinkle' },
    ])
    const report = written.body as unknown as { documents_unreadable: number; unreadable: { id: string }[] }
    assert.deepEqual([report.documents_unreadable, report.unreadable.length], [6, 6])
    const { body: index } = await request<{ documents_unreadable: number; unknown_token_share: number }>(
      'GET',
      '/v1/indexes/unread',
    )
    assert.equal(index.documents_unreadable, 6)
    assert.ok(index.unknown_token_share > 0 && index.unknown_token_share < 1, String(index.unknown_token_share))
    const { body } = await search<SearchAnswer & { query_tokens: number; query_unknown_tokens: number }>(
      'unread',
      '婚礼',
    )
    assert.deepEqual([body.query_tokens, body.query_unknown_tokens], [2, 2])
    assert.equal((await request('DELETE', '/v1/indexes/unread')).status, 204)
  })

  it('tells a model whose file has changed from the one that the index was made with', async () => {
    const path = join(mini.path, 'model.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace('for tests', 'for other tests'))
    const { search } = await restart(mini)
    const { status, body } = await search<Problem>('papers', 'stars')
    assert.equal(status, 503)
    assert.match(body.detail, /the model `mini` that is loaded is not the one that it was made with/)
  })

  it('names the model of an index that is started without it, and mends it by building the index anew', async () => {
    const { request, search, put } = await restart(dense)
    const refused = await search<Problem>('papers', 'stars')
    assert.deepEqual([refused.status, refused.body.code], [503, 'model_not_served'])
    assert.match(refused.body.detail, /^index `papers`: it was made with the model `mini`, .* \(it has `dense`\)/)
    const ready = await request<Ready>('GET', '/readyz')
    assert.equal(ready.status, 200)
    assert.deepEqual(
      ready.body.indexes_without_model.map(({ index }) => index),
      ['papers'],
    )
    const written = await put('papers', [{ id: 'b', text: 'why the moon pulls at the sea' }])
    const { problem } = written.body as unknown as { problem: { code: string } }
    assert.deepEqual([written.body.accepted, problem.code], [1, 'model_not_served'])

    await request('POST', '/v1/indexes/papers/reindex', { model: 'dense' })
    // The events of a build end when it has caught up.
    await (await fetch(`${cluster!.cluster.httpUrl}/v1/indexes/papers/generations/2/events`)).text()
    assert.equal((await request('POST', '/v1/indexes/papers/generations/2/promote', {})).status, 200)
    assert.deepEqual((await search('papers', 'stars')).body.hits.map(({ id }) => id).sort(), ['a', 'b'])
  })
})
