import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { casesOf, eventually } from '@hypershard/harness'
import { writeTinyModel } from '@hypershard/harness/qnets'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const launcher = join(repository, 'cli/bin/hypershard.mjs')

const openFilesMax = 90
const indexes = Array.from({ length: casesOf({ usual: 80, thorough: 130 }) }, (_, at) => `papers-${at}`)

/** How long a write waits to be searchable, once and again until the server has said why it is not. */
const waitMs = 2_000

/** Writes and searches at a time. */
const lanes = 8

interface Answer {
  readonly status: number
  readonly body: {
    readonly searchable?: boolean
    readonly problem?: { readonly code: string; readonly message: string } | null
    readonly hits?: readonly unknown[]
    readonly code?: string
  }
}

describe('a cluster that may open too few files', function () {
  this.timeout(240_000)
  let directory: string
  let command: ChildProcess
  let stderr: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-open-files-'))
    const model = await writeTinyModel(directory)
    const words = [launcher, 'up', '--data', join(directory, 'data'), '--models', model.path, '--shard-servers', '1']
    const addresses = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0']
    // Both limits: Node raises the soft one to the hard one.
    const script = `ulimit -n ${openFilesMax} && exec "$@"`
    command = spawn('bash', ['-c', script, 'bash', process.execPath, ...words, ...addresses], {
      cwd: repository,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    stderr = ''
    command.stderr!.on('data', chunk => {
      stderr += chunk
    })
  })

  afterEach(async () => {
    command.kill('SIGTERM')
    if (command.exitCode === null && command.signalCode === null) await once(command, 'exit')
    await rm(directory, { recursive: true, force: true })
  })

  /** Where the coordinator serves HTTP, by its log. */
  function url(): string | undefined {
    const path = join(directory, 'data/logs/coordinator.log')
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
    const serving = lines.find(line => line.includes('"msg":"serving"'))
    return serving === undefined ? undefined : `http://${JSON.parse(serving).addresses.http}`
  }

  async function send(method: string, path: string, body: unknown): Promise<Answer> {
    const headers = { 'content-type': method === 'PUT' ? 'application/x-ndjson' : 'application/json' }
    const response = await fetch(`${url()}${path}`, { method, headers, body: JSON.stringify(body) })
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }

  async function forEachIndex(step: (name: string) => Promise<void>): Promise<void> {
    const names = [...indexes]
    const lane = async () => {
      for (let name = names.shift(); name !== undefined; name = names.shift()) await step(name)
    }
    await Promise.all(Array.from({ length: lanes }, lane))
  }

  it('says so with the number, and calls nothing searchable that searches do not find', async () => {
    await eventually(async () => url() !== undefined && (await fetch(`${url()}/readyz`)).ok)
    assert.match(stderr, new RegExp(`this process may have ${openFilesMax} files open`))
    const put = new Map<string, Answer>()
    await forEachIndex(async name => {
      assert.equal((await send('POST', '/v1/indexes', { name, shards: 1 })).status, 201)
      const path = `/v1/indexes/${name}/documents?wait_for=searchable&wait_timeout_ms=${waitMs}`
      await eventually(async () => {
        const answer = await send('PUT', path, { id: 'one', text: 'stars' })
        put.set(name, answer)
        return answer.status !== 200 || answer.body.searchable === true || answer.body.problem !== null
      })
    })
    let failing = 0
    await forEachIndex(async name => {
      const { status, body } = put.get(name)!
      assert.equal(status, 200, JSON.stringify(body))
      const search = await send('POST', `/v1/indexes/${name}/search`, { query: 'stars' })
      if (body.searchable === true) {
        assert.deepEqual([search.status, search.body.hits?.length], [200, 1], `${name}: ${JSON.stringify(search.body)}`)
        return
      }
      failing++
      const told = JSON.stringify(body.problem)
      assert.match(told, new RegExp(`this process has all ${openFilesMax} files open that it may; raise it`), told)
    })
    assert.ok(failing > 0 && failing < indexes.length, `${failing} of ${indexes.length} were not searchable`)
  })
})
