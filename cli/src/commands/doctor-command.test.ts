import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFakeApi, serve, type TestServer } from '@hypershard/harness/api'
import { runCommand } from '../testing/run-command.ts'

describe('hypershard doctor', () => {
  let server: TestServer

  beforeEach(async () => {
    server = await serve(createFakeApi())
  })

  afterEach(() => server.close())

  it('tells what is wrong with a running cluster, and fails by it', async () => {
    const { exitCode, stdout } = await runCommand(['--url', server.url, 'doctor'])
    assert.equal(exitCode, 1)
    assert.match(stdout, /^problem +servers: shard server 127\.0\.0\.1:7003 is down: connection/m)
    assert.match(stdout, /^ +-> start it, or take it out of HYPERSHARD_SHARD_SERVERS$/m)
    assert.match(stdout, /^advice +single points: there is one encoder/m)
    assert.match(stdout, /^1 problem, 2 advice, \d+ ok$/m)
  })

  it('asks other coordinators and admin listeners too', async () => {
    const { exitCode, stdout } = await runCommand([
      ...['--url', server.url, '--json', 'doctor'],
      ...['--also', server.url, '--also', 'http://127.0.0.1:1', '--admin', '127.0.0.1:1'],
    ])
    assert.equal(exitCode, 1)
    const { findings, counts } = JSON.parse(stdout)
    const of = (name: string) => findings.filter(({ check }: { check: string }) => check === name)
    assert.deepEqual(
      of('coordinators').map(({ verdict }: { verdict: string }) => verdict),
      ['ok', 'ok', 'problem'],
    )
    assert.equal(of('membership')[0].verdict, 'ok')
    assert.equal(of('admin listeners')[0].verdict, 'problem')
    assert.equal(counts.problem, findings.filter(({ verdict }: { verdict: string }) => verdict === 'problem').length)
  })

  it('reads the settings of a process from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hypershard-doctor-'))
    try {
      const file = join(folder, 'shard.env')
      await writeFile(file, `HYPERSHARD_STORE=${folder}/store\nHYPERSHARD_SHARD_LISTEN="127.0.0.1:0"\n`)
      const environment = { HYPERSHARD_SHARD_LISTEN: 'nonsense', HOME: '/root' }
      const words = ['doctor', '--config', 'shard-server', '--env-file', file]
      const { exitCode, stdout } = await runCommand(words, { surroundings: { environment } })
      assert.equal(exitCode, 0, stdout)
      assert.match(stdout, /ok +settings: the shard-server takes these settings/)
      assert.match(stdout, /unchecked +object store: .* is not there yet/)
      const missing = await runCommand(['doctor', '--config', 'shard-server', '--env-file', join(folder, 'none')])
      assert.equal(missing.exitCode, 2)
      assert.match(missing.stderr, /cannot read .*none/)
      assert.equal((await runCommand(['doctor', '--config', 'database'])).exitCode, 2)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
