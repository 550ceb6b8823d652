import assert from 'node:assert/strict'
import { createFakeApi, serve, type TestServer } from '@hypershard/harness/api'
import { runCommand } from '../testing/run-command.ts'

/** Of the fake API: one drains within two looks, the other is down and never does. */
const live = '127.0.0.1:7002'
const down = '127.0.0.1:7003'

describe('the commands that drain a shard server', () => {
  let server: TestServer

  beforeEach(async () => {
    server = await serve(createFakeApi())
    await run('index', 'create', 'papers')
  })

  afterEach(() => server.close())

  const run = (...words: string[]) => runCommand(['--url', server.url, ...words])
  const json = async (...words: string[]) => JSON.parse((await run(...words, '--json')).stdout)

  it('wait until no coordinator needs it, and give its description', async () => {
    const { exitCode, stdout } = await run('cluster', 'drain', live)
    assert.equal(exitCode, 0)
    assert.match(stdout, /^drained 127\.0\.0\.1:7002 in .*; it can be stopped$/m)
    const drained = await json('cluster', 'drain', live)
    assert.deepEqual([drained.address, drained.draining, drained.needed_by], [live, true, 0])
  })

  it('need not wait', async () => {
    const begun = await json('cluster', 'drain', live, '--no-wait')
    assert.deepEqual([begun.draining, begun.needed_by, begun.shards_only_here], [true, 2, 1])
    assert.match((await run('cluster', 'drain', live, '--no-wait')).stdout, /is draining/)
  })

  it('say what is missing when it takes too long', async () => {
    const { exitCode, stderr } = await run('cluster', 'drain', down, '--timeout', '900')
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /not drained yet: needed by 2 coordinators, with 1 shard on no other server; it goes on draining/,
    )
  })

  for (const { left, exitCode } of [
    { left: [2, 2, 2, 2, 2], exitCode: 1 },
    { left: [2, 2, 0], exitCode: 0 },
  ]) {
    it(`end with ${exitCode} where others hold nothing of it for ${left.length} looks`, async () => {
      const looks = [...left]
      const address = '10.0.0.5:7710'
      const stranded = await serve((_request, response) => {
        const state = { address, draining: true, needed_by: 0, shards_only_here: looks.shift() }
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(state))
      })
      try {
        const run = await runCommand(['--url', stranded.url, 'cluster', 'drain', address])
        assert.equal(run.exitCode, exitCode)
        assert.equal(run.stdout.includes('but 2 shards would go with it'), exitCode === 1)
      } finally {
        stranded.close()
      }
    })
  }

  it('take it back', async () => {
    await run('cluster', 'drain', live, '--no-wait')
    assert.match((await run('cluster', 'undrain', live)).stdout, /127\.0\.0\.1:7002 holds shards again/)
    assert.equal((await json('cluster', 'undrain', live)).draining, false)
  })

  it('know no other server', async () => {
    const { exitCode, stderr } = await run('cluster', 'drain', 'nowhere:1')
    assert.equal(exitCode, 1)
    assert.match(stderr, /server_not_found|no server `nowhere:1`/)
  })

  it('leave `cluster` as it was', async () => {
    assert.match((await run('cluster')).stdout, /127\.0\.0\.1:7002/)
    assert.equal((await run('cluster', 'drian', live)).exitCode, 2)
    const { stdout } = await run('cluster', 'drain', '--help')
    assert.ok(stdout.includes('Examples:\n  '))
  })
})
