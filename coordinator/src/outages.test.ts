import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HypershardError } from '@hypershard/common'
import { captureLog, eventually } from '@hypershard/harness'
import { post, put, request, startTestCoordinator, type TestCoordinator } from './testing/test-coordinator.ts'

/** Failures between the first and the last of an outage: enough that a line for each would show. */
const failuresBetween = 5

describe('what a coordinator tells of outages', () => {
  let parent: string
  let storeDirectory: string
  let coordinator: TestCoordinator
  let lines: Record<string, unknown>[]

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-outages-'))
    storeDirectory = join(parent, 'store')
    await mkdir(join(parent, 'real'))
    await linkStoreTo('real')
    const captured = captureLog('debug')
    lines = captured.lines
    coordinator = await startTestCoordinator({ storeDirectory, log: captured.log })
    await post(`${coordinator.url}/v1/indexes`, { name: 'papers', shards: 2 })
    await put(`${coordinator.url}/v1/indexes/papers/documents`, [{ id: 'a', text: 'stars' }])
    await eventually(async () => (await request(`${coordinator.url}/readyz`)).status === 200)
    lines.length = 0
  })

  afterEach(async () => {
    await coordinator.stop()
    await rm(parent, { recursive: true })
  })

  /** At once: a folder that is missing for a moment would be an empty store. */
  async function linkStoreTo(target: string): Promise<void> {
    await symlink(target, join(parent, 'next'))
    await rename(join(parent, 'next'), storeDirectory)
  }

  const linesOf = (what: string, message: string) => lines.filter(line => line.what === what && line.msg === message)
  const triedOften = (what: string) => linesOf(what, 'still away').length >= failuresBetween

  /** One line when it goes, one when it is back, and nothing else that somebody reads. */
  function assertToldOnce(what: string): void {
    const told = lines.filter(line => Number(line.level) >= 30 && line.what === what)
    assert.deepEqual(
      told.map(({ msg }) => msg),
      ['away; the next line comes when it is back', 'back'],
    )
  }

  it('of the encoder: one line when it goes, one when it is back', async () => {
    const what = 'encoder service encoder.test:7720'
    const search = (at: number) => post(`${coordinator.url}/v1/indexes/papers/search`, { query: `stars ${at}` })
    coordinator.encoder.failure = new HypershardError('unavailable', 'connection refused')
    for (let at = 0; at <= failuresBetween; at++) assert.equal((await search(at)).status, 503)
    assert.ok(triedOften(what))
    coordinator.encoder.failure = undefined
    for (let at = 0; at < 3; at++) assert.equal((await search(at)).status, 200)
    assertToldOnce(what)
  })

  it('of a shard server: one line when it goes, one when it is back', async () => {
    const [server] = coordinator.servers
    const what = `shard server ${server!.address}`
    server!.down = true
    await eventually(() => triedOften(what))
    let checks = 0
    const check = server!.checkHealth.bind(server)
    server!.checkHealth = (question, deadline) => {
      checks++
      return check(question, deadline)
    }
    server!.down = false
    // The third begins once what the second found is told.
    await eventually(() => checks >= 3)
    assertToldOnce(what)
  })

  it('of the object store: one line when it goes, one when it is back', async () => {
    // A link to itself fails whatever is asked for.
    await linkStoreTo('store')
    await eventually(() => triedOften('object store'))
    await linkStoreTo('real')
    const { status, json } = await put(`${coordinator.url}/v1/indexes/papers/documents`, [{ id: 'b', text: 'stars' }])
    assert.deepEqual([status, json.searchable], [200, true])
    assertToldOnce('object store')
  })
})
