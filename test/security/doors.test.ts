import assert from 'node:assert/strict'
import http from 'node:http'
import { Client, Metadata, status } from '@grpc/grpc-js'
import { connectClient } from '@hypershard/common/grpc'
import { casesOf, eventually, type TestKeys, writeTestKeys } from '@hypershard/harness'
import fc from 'fast-check'
import { startTestCoordinator, type TestCoordinator } from '../../coordinator/src/testing/test-coordinator.ts'
import { searchServiceRules } from '../../coordinator/src/transport/grpc/grpc-door.ts'
import { type Operation, type Scope, scopes, servedMethods, servedOperations } from './served-operations.ts'

const elsewhere = { indexes: ['elsewhere*'] }
const asked = {
  root: {},
  search: { scopes: ['search'] },
  read: { scopes: ['read'] },
  write: { scopes: ['write'] },
  admin: { scopes: ['admin'] },
  searchElsewhere: { scopes: ['search'], ...elsewhere },
  readElsewhere: { scopes: ['read'], ...elsewhere },
  writeElsewhere: { scopes: ['write'], ...elsewhere },
  adminElsewhere: { scopes: ['admin'], ...elsewhere },
  expired: { expires_at: '2026-01-02T00:00:00Z' },
  revoked: {},
} as const

type Name = keyof typeof asked

/** An index that is there, whose name nobody may learn without the right key. */
const index = 'verysecret'

interface Answer {
  readonly status: number
  readonly text: string
}

describe('every door of a coordinator that asks for keys', () => {
  let keys: TestKeys<Name>
  let foreign: TestKeys<'root'>
  let coordinator: TestCoordinator
  let operations: Operation[]

  before(async () => {
    keys = await writeTestKeys<Name>(asked as never)
    foreign = await writeTestKeys<'root'>({ root: {} })
    coordinator = await startTestCoordinator({ environment: { HYPERSHARD_KEYS: keys.path } })
    const made = await ask('POST', '/v1/indexes', keys.headers.root, JSON.stringify({ name: index, shards: 1 }))
    assert.equal(made.status, 201)
    operations = await servedOperations(coordinator.url)
    assert.equal((await ask('GET', '/v1/models', keys.headers.revoked)).status, 200)
    await keys.keepOnly((Object.keys(asked) as Name[]).filter(name => name !== 'revoked'))
    await eventually(async () => (await ask('GET', '/v1/models', keys.headers.revoked)).status === 401)
  })

  after(async () => {
    await coordinator?.stop()
    await foreign?.remove()
    await keys?.remove()
  })

  /** As the path is written: `fetch` would tidy it up. */
  function ask(method: string, path: string, headers: http.OutgoingHttpHeaders = {}, body?: string): Promise<Answer> {
    const { hostname, port } = new URL(coordinator.url)
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    return new Promise((resolve, reject) => {
      const request = http.request({ hostname, port, method, path, headers: { ...headers, ...type } }, response => {
        let text = ''
        response.on('data', chunk => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      })
      request.on('error', reject)
      request.end(body)
    })
  }

  /** Where the key is right, nothing that is there is changed. */
  const filled = (path: string, name: string) =>
    path
      .replace('{index}', name)
      .replace('{generation}', '7')
      .replaceAll(/\{\w+\}/g, 'nothing')

  const strangers = (): Record<string, http.OutgoingHttpHeaders> => {
    const good = keys.texts.root
    const altered = good.slice(0, -1) + (good.endsWith('0') ? '1' : '0')
    return {
      'no key': {},
      'an empty header': { authorization: '' },
      'no scheme': { authorization: good },
      'another scheme': { authorization: `Basic ${good}` },
      'nothing behind the scheme': { authorization: 'Bearer ' },
      'a part of a key': { authorization: `Bearer ${good.slice(0, 20)}` },
      'an altered key': { authorization: `Bearer ${altered}` },
      'a key in capitals': { authorization: `Bearer ${good.toUpperCase()}` },
      'the hash of a key': { authorization: `Bearer ${keys.records.root.hash}` },
      'two keys in one header': { authorization: `Bearer ${good}, Bearer ${good}` },
      'a key in another header': { 'x-api-key': good, cookie: `authorization=Bearer ${good}` },
      'an expired key': keys.headers.expired,
      'a revoked key': keys.headers.revoked,
      'a key of another cluster': foreign.headers.root,
    }
  }

  it('is closed to whoever has no valid key, and tells him nothing', async () => {
    for (const [who, headers] of Object.entries(strangers())) {
      for (const { id, method, path, scope } of operations) {
        const answer = await ask(method, filled(path, index), headers)
        const label = `${id}, ${who}: ${answer.status} ${answer.text}`
        if (scope === 'public') assert(![401, 403].includes(answer.status), label)
        else {
          // Whoever tries many keys is told to wait.
          assert([401, 429].includes(answer.status), label)
          assert(!answer.text.includes(index), label)
        }
      }
    }
  })

  it('takes the scope that its document names, and no other', async () => {
    for (const { id, method, path, scope } of operations) {
      for (const own of scopes) {
        const { status: answered, text } = await ask(method, filled(path, 'nothing'), keys.headers[own])
        if (scope === 'public' || scope === own) assert(![401, 403].includes(answered), `${id} ${own}: ${text}`)
        else assert.equal(answered, 403, `${id} ${own}: ${text}`)
      }
    }
  })

  it('keeps a key to its indexes, and says the same of those that are there and those that are not', async () => {
    const named = operations.filter(({ scope }) => scope !== 'public')
    for (const { id, method, path, scope } of named) {
      // Problems say the request's id.
      const headers = { ...keys.headers[`${scope as Scope}Elsewhere`], 'x-request-id': 'the-same' }
      const there = await ask(method, filled(path, index), headers)
      const missing = await ask(method, filled(path, 'notthere99'), headers)
      assert.equal(there.status, missing.status, id)
      assert.equal(there.text.replaceAll(index, 'x'), missing.text.replaceAll('notthere99', 'x'), id)
      if (path.includes('{index}')) assert.equal(there.status, 403, `${id}: ${there.text}`)
      else assert(!there.text.includes(index), `${id}: ${there.text}`)
    }
  })

  it('has no other: methods and spellings that no document lists answer nobody', async () => {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'LOCK', 'SEARCH']
    for (const path of new Set(operations.map(operation => operation.path))) {
      const listed = operations.filter(operation => operation.path === path)
      for (const method of methods) {
        if (listed.some(one => one.method === method || (method === 'HEAD' && one.method === 'GET'))) continue
        const { status: answered, text } = await ask(method, filled(path, index), keys.headers.root)
        assert(answered >= 400 && answered < 500, `${method} ${path}: ${answered} ${text}`)
      }
      if (listed.every(({ scope }) => scope === 'public')) continue
      for (const spelling of spellings(filled(path, index))) {
        for (const { method } of listed) {
          const { status: answered, text } = await ask(method, spelling)
          assert(answered >= 400 && answered < 500, `${method} ${spelling}: ${answered} ${text}`)
          assert(!text.includes('"documents"'), text)
        }
      }
    }
  })

  it('answers without a key at public paths alone, whatever is asked', async () => {
    const parts = [
      ...['v1', 'indexes', index, 'documents', 'cluster', 'servers', 'models', 'aliases', 'search', 'metrics', '..'],
      ...[
        'docs',
        'console',
        'assets',
        'static',
        'healthz',
        'readyz',
        'openapi.json',
        '%2e%2e',
        '%2f',
        '.git',
        'package.json',
        'etc',
        'passwd',
      ],
      ...['%00', '\\', ';', 'admin', 'debug', 'V1', 'v1%2findexes', '..%5c'],
    ]
    const isPublic = /^\/(healthz|readyz|openapi\.json|(docs|console)(\/.*)?)?$/
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
        fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 6 }),
        fc.constantFrom('/', '//', '/./'),
        async (method, chosen, joint) => {
          const path = `/${chosen.join(joint)}`
          const { status: answered, text } = await ask(method, path)
          assert(answered < 500, `${method} ${path}: ${answered}`)
          if (answered < 300) assert(isPublic.test(path), `${method} ${path}: ${answered} ${text.slice(0, 200)}`)
          assert(!/root:x:|"workspaces"|@hypershard\//.test(text), `${path}: ${text.slice(0, 200)}`)
        },
      ),
      { numRuns: casesOf({ usual: 300, thorough: 1_500 }) },
    )
  })

  describe('over gRPC', () => {
    let client: Client

    before(() => {
      client = connectClient(Client, coordinator.grpcAddress)
    })

    after(() => client.close())

    /** @returns the number of the status */
    function call(path: string, headers: http.OutgoingHttpHeaders): Promise<number> {
      const metadata = new Metadata()
      if (headers.authorization !== undefined) metadata.set('authorization', String(headers.authorization))
      const bytes = (message: Buffer) => message
      return new Promise(resolve => {
        const deadline = new Date(Date.now() + 30_000)
        const stream = client.makeBidiStreamRequest(path, bytes, bytes, metadata, { deadline })
        stream.on('data', () => stream.cancel())
        stream.on('status', ({ code }) => resolve(code))
        stream.on('error', () => undefined)
        stream.end(Buffer.alloc(0))
      })
    }

    const scopeOf = new Map<string, Scope>(
      Object.entries(searchServiceRules).map(([name, { scope }]) => [
        `/hypershard.v1.SearchService/${name[0]!.toUpperCase()}${name.slice(1)}`,
        scope as Scope,
      ]),
    )

    it('is the same', async () => {
      const methods = await servedMethods(coordinator.grpcAddress)
      const own = methods.filter(path => path.startsWith('/hypershard.v1.SearchService/'))
      assert.deepEqual(own.toSorted(), [...scopeOf.keys()].toSorted())
      for (const path of methods.filter(one => !one.startsWith('/grpc.'))) {
        for (const [who, headers] of Object.entries(strangers())) {
          const code = await call(path, headers)
          const refused: readonly number[] = scopeOf.has(path)
            ? [status.UNAUTHENTICATED, status.RESOURCE_EXHAUSTED]
            : [status.PERMISSION_DENIED]
          assert(refused.includes(code), `${path}, ${who}: ${code}`)
        }
        for (const scope of scopes) {
          const code = await call(path, keys.headers[scope])
          if (scopeOf.get(path) === scope)
            assert(![status.UNAUTHENTICATED, status.PERMISSION_DENIED].includes(code), path)
          else assert.equal(code, status.PERMISSION_DENIED, `${path} ${scope}`)
        }
      }
    })

    it('serves nothing that is of other ports, or that no reflection tells of', async () => {
      for (const path of [
        '/hypershard.v1.ShardService/SearchShards',
        '/hypershard.v1.ShardService/Describe',
        '/hypershard.v1.EncoderService/ListModels',
        '/hypershard.v1.AnnouncementService/Exchange',
        '/hypershard.v1.SearchService/search',
        '/hypershard.v1.SearchService/Search/',
        '//hypershard.v1.SearchService/Search',
        '/hypershard.v1.searchservice/Search',
        '/grpc.channelz.v1.Channelz/GetServers',
      ]) {
        for (const headers of [{}, keys.headers.root]) {
          const code = await call(path, headers)
          assert([status.PERMISSION_DENIED, status.UNIMPLEMENTED].includes(code), `${path}: ${code}`)
        }
      }
    })
  })
})

/** Other ways to write a path, which a proxy or a router may take for the same. */
function spellings(path: string): string[] {
  const encoded = path.replaceAll(/[a-z]/g, letter => `%${letter.charCodeAt(0).toString(16)}`)
  return [
    `${path}/`,
    `/${path}`,
    path.replaceAll('/', '//'),
    path.toUpperCase(),
    encoded,
    path.replace('/v1', '/%76%31'),
    path.replace('/v1/', '/v1%2f'),
    `/healthz/..${path}`,
    `/docs/../${path}`,
    `${path};a=b`,
    `${path}?key=1`,
    `${path}%00`,
    `${path}.json`,
    `/.${path}`,
  ]
}
