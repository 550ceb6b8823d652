import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type S3Server, startS3Server } from '@hypershard/harness/servers'
import { bytesOf, describeObjectStore, textOf } from '../testing/object-store-contract.ts'
import type { ObjectStore } from './object-store.ts'
import { openObjectStore } from './open-object-store.ts'

describe('the S3 store', () => {
  let server: S3Server
  let store: ObjectStore
  let location: string
  let buckets = 0

  before(async function () {
    const started = await startS3Server()
    if (started === undefined) this.skip()
    else server = started
  })

  after(() => server?.stop())

  beforeEach(async () => {
    ;({ store, location } = await server.openBucket(`bucket-${++buckets}`))
  })

  describeObjectStore(() => store)

  it('keeps its objects under its prefix, and sees no others', async () => {
    await store.put('a/b', bytesOf('x'))
    const whole = await openObjectStore(location.replace('/some/prefix', ''))
    assert.deepEqual(await whole.list(''), ['some/prefix/a/b'])
    const other = await openObjectStore(location.replace('/some/prefix', '/some/pre'))
    assert.deepEqual(await other.list(''), [])
  })

  it('takes files that go up in several parts, and reads ranges of them', async () => {
    const content = Buffer.alloc(40 * 1024 * 1024, 'abcdefghij\n')
    const path = join(await store.stagingDirectory(), 'large')
    await writeFile(path, content)
    await store.putFile('large', path)
    const range = (await store.openRange('large'))!
    assert.equal(range.bytes, content.length)
    const offset = 33_333_333
    assert.deepEqual(Buffer.from(await range.read(offset, 1_000)), content.subarray(offset, offset + 1_000))
  })

  it('lists more than one page', async () => {
    for (let from = 0; from < 1_050; from += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, at) => store.put(`many/${from + at}/x`, bytesOf('x'))))
    }
    assert.equal((await store.list('many/')).length, 1_050)
    assert.equal((await store.listFolders('many/')).length, 1_050)
    await store.deletePrefix('many/')
    assert.deepEqual(await store.list(''), [])
  })

  it('takes an object that it created, and was told it had not, for its own', async () => {
    await store.putIfAbsent('k', bytesOf('ours'))
    // As after a first attempt whose answer was lost.
    await store.putIfAbsent('k', bytesOf('ours'))
    await assert.rejects(store.putIfAbsent('k', bytesOf('theirs')), { code: 'conflict' })
    assert.equal(await textOf(store, 'k'), 'ours')
  })

  it('says which bucket is missing', async () => {
    const nowhere = await openObjectStore(location.replace(/bucket-\d+/, 'nowhere'))
    await assert.rejects(nowhere.get('a'), { code: 'storage_failed', message: /bucket nowhere: .*; create it/ })
  })

  it('goes through a proxy that its location names, and through no other', async () => {
    const asked: string[] = []
    const proxy = http.createServer((request, response) => {
      asked.push(request.url ?? '')
      const { method, headers, url = '' } = request
      const upstream = http.request(url, { method, headers }, answer => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      })
      request.pipe(upstream)
    })
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
    try {
      const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
      const behind = await openObjectStore(`${location}&${new URLSearchParams({ proxy: address })}`)
      await behind.put('a/b', bytesOf('x'))
      assert.match(asked[0] ?? '', /^http:\/\/127\.0\.0\.1:\d+\/bucket-\d+\/some\/prefix\/a\/b/)
      const before = asked.length
      assert.equal(await textOf(store, 'a/b'), 'x')
      assert.equal(asked.length, before)
    } finally {
      proxy.closeAllConnections()
      proxy.close()
    }
  })

  it('refuses a location that it does not understand', async () => {
    for (const bad of ['s3:', 's3:///x', 's3://bucket/x?regoin=eu', 's3://bucket/x?proxy=proxy:3128']) {
      await assert.rejects(openObjectStore(bad), { code: 'invalid_config' })
    }
  })
})
