import assert from 'node:assert/strict'
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReadyMessage } from '@hypershard/common'
import { eventually, freePort, programEnvironment } from '@hypershard/harness'
import { createBucket, s3ServerCommand } from '@hypershard/harness/servers'
import { servicePrograms } from '@hypershard/local-cluster'
import { openObjectStore } from '@hypershard/storage'
import { repository } from './chart.ts'

type Kind = keyof typeof servicePrograms

interface AccessKey {
  readonly AWS_ACCESS_KEY_ID: string
  readonly AWS_SECRET_ACCESS_KEY: string
}

/** Those who may reach the bucket, and the policies that docs/deploy.md gives them. */
const policies = { coordinator: 'coordinator', indexer: 'indexer', shard: 'shard-server' } as const

const documents = ['Yeast eats sugar, so bread rises.', 'Air bends the light of a star.', 'The moon pulls the sea.']

const describeS3 = process.env.TEST_CHART === '1' ? describe : describe.skip

describeS3('the policies of the bucket', function () {
  this.timeout(120_000)
  const folder = mkdtempSync(join(tmpdir(), 'hypershard-policies-'))
  const running: ChildProcess[] = []
  let endpoint: string
  let url: string
  const keys = new Map<Kind, AccessKey>()
  const logs: string[] = []

  before(async function () {
    const port = await freePort()
    const command = s3ServerCommand('127.0.0.1', port)
    if (command === undefined) return this.skip()
    const [program, ...words] = command
    running.push(spawn(program, words, { stdio: 'ignore' }))
    endpoint = `http://127.0.0.1:${port}`
    await eventually(() =>
      fetch(endpoint).then(
        () => true,
        () => false,
      ),
    )
    await createBucket(endpoint, 'papers')
    for (const [kind, policy] of Object.entries(policies)) keys.set(kind as Kind, await createUser(endpoint, policy))
    // From here on every request is looked at.
    await fetch(`${endpoint}/moto-api/reset-auth`, { method: 'POST', body: '0' })
  })

  after(async () => {
    for (const process of running.toReversed()) {
      process.kill('SIGKILL')
      if (process.exitCode === null && process.signalCode === null) await once(process, 'exit')
    }
    rmSync(folder, { recursive: true })
  })

  const storeOf = (kind: Kind) =>
    `s3://papers/production?${new URLSearchParams({ region: 'us-east-1', endpoint, staging: join(folder, kind) })}`

  async function start(kind: Kind, settings: Readonly<Record<string, string>>): Promise<string> {
    const own = kind === 'encoder' ? {} : { HYPERSHARD_STORE: storeOf(kind), ...keys.get(kind) }
    const program = fork(servicePrograms[kind], {
      env: { ...programEnvironment, ...own, ...settings },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    running.push(program)
    program.stderr!.setEncoding('utf8').on('data', text => logs.push(text))
    const [message] = (await once(program, 'message')) as [ReadyMessage]
    return message.addresses.http ?? message.addresses.grpc ?? ''
  }

  const ask = async (method: string, path: string, body?: string) => {
    const headers = {
      'content-type': path.endsWith('/documents?wait_for=searchable') ? 'application/x-ndjson' : 'application/json',
    }
    const answer = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body, headers }) })
    assert(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}\n${logs.join('')}`)
    return answer.status === 204 ? undefined : await answer.json()
  }

  it('give each process what it needs', async () => {
    const encoder = await start('encoder', {
      HYPERSHARD_ENCODER_LISTEN: '127.0.0.1:0',
      HYPERSHARD_MODELS: join(repository, 'test/fixtures/tiny-hypencoder'),
    })
    const shard = await start('shard', { HYPERSHARD_SHARD_LISTEN: '127.0.0.1:0' })
    await start('indexer', { HYPERSHARD_ENCODER: encoder })
    url = `http://${await start('coordinator', {
      HYPERSHARD_HTTP_LISTEN: '127.0.0.1:0',
      HYPERSHARD_GRPC_LISTEN: '127.0.0.1:0',
      HYPERSHARD_ENCODER: encoder,
      HYPERSHARD_SHARD_SERVERS: shard,
    })}`
    await ask('POST', '/v1/indexes', JSON.stringify({ name: 'papers', shards: 2 }))
    const lines = documents.map((text, number) => JSON.stringify({ id: `${number}`, text })).join('\n')
    await ask('PUT', '/v1/indexes/papers/documents?wait_for=searchable', `${lines}\n`)
    const { hits } = (await ask('POST', '/v1/indexes/papers/search', JSON.stringify({ query: 'star', k: 3 }))) as {
      hits: unknown[]
    }
    assert.equal(hits.length, documents.length)
    await ask('POST', '/v1/indexes/papers/snapshots', JSON.stringify({ name: 'first' }))
    await ask('DELETE', '/v1/indexes/papers')
    assert.doesNotMatch(logs.join(''), /AccessDenied|403/)
  })

  it('let no shard server write', async () => {
    Object.assign(process.env, keys.get('shard'))
    const store = await openObjectStore(storeOf('shard'))
    await assert.rejects(store.put('a', new Uint8Array(1)), /writing a: .*(not authorized|[Dd]enied)/)
    assert.equal(await store.get('a'), undefined)
  })
})

/** A user of the server's IAM who may do what the policy says. */
async function createUser(endpoint: string, policy: string): Promise<AccessKey> {
  const call = async (parameters: Readonly<Record<string, string>>) => {
    const authorization =
      'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00'
    const body = new URLSearchParams({ Version: '2010-05-08', UserName: policy, ...parameters })
    const answer = await fetch(endpoint, { method: 'POST', body, headers: { authorization } })
    assert.equal(answer.status, 200)
    return answer.text()
  }
  const document = asMotoReads(readFileSync(join(repository, `deploy/s3/${policy}.json`), 'utf8'))
  await call({ Action: 'CreateUser' })
  await call({ Action: 'PutUserPolicy', PolicyName: 'store', PolicyDocument: document })
  const made = await call({ Action: 'CreateAccessKey' })
  const field = (name: string) => new RegExp(`<${name}>([^<]+)`).exec(made)![1]!
  return { AWS_ACCESS_KEY_ID: field('AccessKeyId'), AWS_SECRET_ACCESS_KEY: field('SecretAccessKey') }
}

/** Whoever deletes several objects in one request is asked by moto for the right to the bucket, by Amazon to each object. */
function asMotoReads(policy: string): string {
  const { Statement, ...rest } = JSON.parse(policy) as { Statement: { Action: string | string[] }[] }
  const deletes = Statement.some(({ Action }) => Action.includes('s3:DeleteObject'))
  const more = { Effect: 'Allow', Action: 's3:DeleteObject', Resource: 'arn:aws:s3:::papers' }
  return JSON.stringify({ ...rest, Statement: deletes ? [...Statement, more] : Statement })
}
