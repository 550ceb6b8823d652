import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Metadata } from '@grpc/grpc-js'
import { verifyAudit } from '@hypershard/access'
import { Deadline } from '@hypershard/common'
import { connectClient } from '@hypershard/common/grpc'
import { type TestKeys, writeTestKeys } from '@hypershard/harness'
import { PutDocumentsRequest, SearchServiceClient } from '@hypershard/proto/search'
import { type Answer, request, startTestCoordinator, type TestCoordinator } from '../testing/test-coordinator.ts'

const filter = { field: 'tenant', equals: 'ada' }
const asked = {
  root: {},
  reader: { scopes: ['read', 'search'] },
  ada: { filter, scopes: ['write'] },
  narrow: { indexes: ['papers'] },
} as const

type Name = keyof typeof asked

interface Line {
  readonly event: string
  readonly what: string
  readonly outcome?: string
  readonly request: string
}

describe('the audit log of a coordinator', () => {
  let folder: string
  let path: string
  let keys: TestKeys<Name>
  let coordinator: TestCoordinator

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-audit-'))
    await mkdir(join(folder, 'logs'))
    path = join(folder, 'logs', 'audit.log')
    keys = await writeTestKeys<Name>(asked as never)
    const environment = { HYPERSHARD_KEYS: keys.path, HYPERSHARD_AUDIT_LOG: path }
    coordinator = await startTestCoordinator({ environment, indexer: false })
  })

  afterEach(async () => {
    await coordinator?.stop()
    await keys?.remove()
    await rm(folder, { recursive: true, force: true })
  })

  function ask(method: string, suffix: string, key: Name, body?: unknown, type = 'application/json'): Promise<Answer> {
    const headers = { ...keys.headers[key], ...(body === undefined ? {} : { 'content-type': type }) }
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return request(`${coordinator.url}/v1/${suffix}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: text }),
    })
  }

  async function lines(): Promise<Line[]> {
    const text = await readFile(path, 'utf8')
    return text
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line))
  }

  it('has each change as it begins and as it ends, and no searches', async () => {
    await ask('POST', 'indexes', 'root', { name: 'papers', shards: 1 })
    const put = '{"id":"a","text":"stars"}\n{"id":""}'
    await ask('PUT', 'indexes/papers/documents', 'root', put, 'application/x-ndjson')
    await ask('PUT', 'indexes/papers/documents?progress=true', 'root', put, 'application/x-ndjson')
    await ask('POST', 'indexes/papers/search', 'root', { query: 'stars' })
    await ask('GET', 'indexes', 'root')
    await ask('DELETE', 'indexes/papers', 'reader')
    await ask('POST', 'indexes', 'root', { name: 'papers', shards: 1 })
    const written = await lines()
    assert.deepEqual(
      written.map(({ event, what, outcome }) => [what, event, ...(outcome === undefined ? [] : [outcome])].join(' ')),
      [
        'createIndex begun',
        'createIndex ended ok',
        'putDocuments begun',
        'putDocuments ended ok',
        'putDocuments begun',
        'putDocuments ended ok',
        'deleteIndex refused forbidden',
        'createIndex begun',
        'createIndex ended index_exists',
      ],
    )
    assert.equal(written[2]!.request, written[3]!.request)
    const { n: _, at, prev, hash, request: id, ...rest } = written[3]! as Line & Record<string, unknown>
    assert.deepEqual(rest, {
      event: 'ended',
      key: { id: keys.ids.root, name: 'root' },
      address: '127.0.0.1',
      what: 'putDocuments',
      subject: { index: 'papers' },
      outcome: 'ok',
      counts: { received: 2, accepted: 1, failed: 1, sequence: 1 },
    })
    assert.doesNotMatch(await readFile(path, 'utf8'), new RegExp(keys.texts.root))
    const { problems, notes, lines: count } = await verifyAudit([path])
    assert.deepEqual([problems, notes, count], [[], [], 9])
  })

  it('has what was changed over gRPC', async () => {
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    const metadata = new Metadata()
    metadata.set('authorization', keys.headers.root.authorization)
    metadata.set('x-request-id', 'order-7')
    const options = { deadline: Deadline.after(60_000).toDate() }
    await new Promise(done => {
      client.createIndex(
        { name: 'papers', model: '', shards: 1, fields: {}, passages: undefined },
        metadata,
        options,
        done,
      )
    })
    client.close()
    const written = await lines()
    assert.deepEqual(
      written.map(({ event, what, outcome = '' }) => `${what} ${event} ${outcome}`),
      ['createIndex begun ', 'createIndex ended ok'],
    )
    assert.deepEqual(
      written.map(({ request: id }) => id),
      ['order-7', 'order-7'],
    )
  })

  it('has who was refused over gRPC, by the id of his call', async () => {
    const client = connectClient(SearchServiceClient, coordinator.grpcAddress)
    const options = { deadline: Deadline.after(60_000).toDate() }
    const metadataOf = (key: Name) => {
      const metadata = new Metadata()
      metadata.set('authorization', keys.headers[key].authorization)
      metadata.set('x-request-id', `of-${key}`)
      return metadata
    }
    const put = (key: Name) =>
      new Promise(done => {
        const call = client.putDocuments(metadataOf(key), options, done)
        call.write(PutDocumentsRequest.fromPartial({ index: 'secrets' }))
        call.end()
      })
    const remove = (key: Name) =>
      new Promise(done => client.deleteIndex({ name: 'secrets', withAliases: true }, metadataOf(key), options, done))
    for (const key of ['reader', 'narrow', 'root'] as const) await remove(key)
    for (const key of ['reader', 'narrow'] as const) await put(key)
    client.close()
    assert.deepEqual(
      (await lines()).map(({ event, what, outcome = '', request: id }) => `${id}: ${what} ${event} ${outcome}`.trim()),
      [
        'of-reader: deleteIndex refused forbidden',
        'of-narrow: deleteIndex refused forbidden',
        'of-root: deleteIndex begun',
        'of-root: deleteIndex ended index_not_found',
        'of-reader: putDocuments refused forbidden',
        'of-narrow: putDocuments refused forbidden',
      ],
    )
  })

  it('has how far a deletion goes', async () => {
    await ask('DELETE', 'indexes/papers?aliases=delete', 'root')
    const [begun] = (await lines()) as (Line & { readonly subject: object })[]
    assert.deepEqual(begun!.subject, { index: 'papers', aliases: 'delete' })
  })

  it('keeps anything from being changed while it cannot be written, and nothing from being read', async () => {
    await ask('POST', 'indexes', 'root', { name: 'papers', shards: 1 })
    await rm(join(folder, 'logs'), { recursive: true })
    const put = await ask('PUT', 'indexes/papers/documents', 'root', '{"id":"a","text":"x"}', 'application/x-ndjson')
    assert.deepEqual([put.status, put.json.code], [503, 'unavailable'])
    assert.match(put.json.detail, /audit log/)
    assert.equal((await ask('POST', 'indexes', 'root', { name: 'more', shards: 1 })).status, 503)
    assert.deepEqual(
      (await ask('GET', 'indexes', 'root')).json.indexes.map(({ name }: { name: string }) => name),
      ['papers'],
    )
    assert.equal((await ask('GET', 'indexes/papers/documents/a', 'root')).status, 404)
    const ofTenant = await ask('PUT', 'indexes/papers/documents', 'ada', '{"id":"b"}', 'application/x-ndjson')
    assert.deepEqual([ofTenant.json.code, ofTenant.json.detail.includes(folder)], ['unavailable', false])
    await mkdir(join(folder, 'logs'))
    const again = await ask('PUT', 'indexes/papers/documents', 'root', '{"id":"a","text":"x"}', 'application/x-ndjson')
    assert.equal(again.status, 200)
  })
})
