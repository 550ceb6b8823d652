import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fakePrograms } from '@hypershard/harness/cluster'
import { runCommand } from '../testing/run-command.ts'

describe('hypershard up', () => {
  let data: string

  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'hypershard-up-'))
  })

  afterEach(() => rmSync(data, { recursive: true }))

  const words = (...more: string[]) => [
    ...['up', '--data', data, '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0'],
    ...more,
  ]
  const surroundings = { programs: fakePrograms, environment: process.env }

  it('shows the steps and three searches with --sample --once', async () => {
    const { exitCode, stdout } = await runCommand(words('--sample', '--once'), { surroundings })
    assert.equal(exitCode, 0)
    assert.match(stdout, /^✓ encoder service {3}127\.0\.0\.1:\d+ {2}\(\d+\.\d s\)$/m)
    assert.match(stdout, /^✓ models {12}fake-model, 384 x 3 → 1/m)
    assert.match(stdout, /^✓ sample index {6}448 documents in 2 shards/m)
    assert.equal(stdout.match(/^\? /gm)?.length, 3)
    assert.match(stdout, /^ 1 {2}\d\.\d{4} {2}\S+/m)
    assert.match(stdout, /^✓ stopped/m)
  })

  it('prints one JSON document with --json', async () => {
    const { stdout } = await runCommand(words('--sample', '--once', '--json'), { surroundings })
    const { http_url, processes, searches } = JSON.parse(stdout)
    assert.match(http_url, /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.equal(processes.length, 5)
    for (const { admin_address } of processes) assert.match(admin_address, /^127\.0\.0\.1:\d+$/)
    assert.equal(searches.length, 3)
  })

  it('makes certificates for its processes with --tls', async () => {
    const { exitCode } = await runCommand(words('--once', '--tls'), { surroundings })
    assert.equal(exitCode, 0)
    assert.deepEqual(readdirSync(join(data, 'tls')).sort(), ['ca-key.pem', 'ca.pem', 'process-key.pem', 'process.pem'])
  })

  it('takes a certificate of its port with its key alone', async () => {
    const { exitCode, stderr } = await runCommand(words('--once', '--tls-cert', 'public.pem'), { surroundings })
    assert.notEqual(exitCode, 0)
    assert.match(stderr, /give --tls-cert and --tls-key together/)
  })

  it('says at the start which indexes lack their model', async () => {
    const environment = { ...process.env, FAKE_UNSERVED: 'papers' }
    const { exitCode, stdout } = await runCommand(words('--once'), { surroundings: { ...surroundings, environment } })
    assert.equal(exitCode, 0)
    assert.match(stdout, /^index `papers`: it was made with the model `gone`$/m)
    const json = await runCommand(words('--once', '--json'), { surroundings: { ...surroundings, environment } })
    assert.equal(JSON.parse(json.stdout).indexes_without_model[0].index, 'papers')
  })

  it('says when it is ready that some indexes cannot be searched', async () => {
    const stdout = new PassThrough()
    const environment = { ...process.env, FAKE_UNSERVED: 'papers,notes' }
    let end = () => {}
    const onEndRequest = (callback: () => void) => {
      end = callback
    }
    const running = runCommand(words(), { surroundings: { ...surroundings, environment, stdout, onEndRequest } })
    let shown = ''
    for await (const chunk of stdout) {
      shown += chunk
      if (shown.includes('npx hypershard search')) break
    }
    end()
    assert.equal((await running).exitCode, 0)
    assert.match(shown, /^ready, but 2 indexes cannot be searched {2}http/m)
  })

  it('serves until it is asked to end, and exits with 0', async () => {
    const stdout = new PassThrough()
    let end = () => {}
    const onEndRequest = (callback: () => void) => {
      end = callback
    }
    const running = runCommand(words(), { surroundings: { ...surroundings, stdout, onEndRequest } })
    let shown = ''
    for await (const chunk of stdout) {
      shown += chunk
      if (shown.includes('npx hypershard search')) break
    }
    end()
    // The same Ctrl-C, passed on by a launcher, is not a second one.
    end()
    assert.equal((await running).exitCode, 0)
  })

  it('says which port is taken and how to choose another', async () => {
    const server = http.createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const address = `127.0.0.1:${port}`
    const { exitCode, stderr } = await runCommand(['up', '--data', data, '--http', address, '--grpc', '127.0.0.1:0'], {
      surroundings,
    })
    server.close()
    assert.equal(exitCode, 1)
    assert.ok(stderr.startsWith(`error: address_in_use: ${address} is taken`), stderr)
    assert.ok(stderr.includes(`--http 127.0.0.1:${port + 10}`), stderr)
  })

  it('shows the end of the log of a process that cannot start', async () => {
    const environment = { ...process.env, FAKE_FATAL: 'encoder' }
    const { exitCode, stderr } = await runCommand(words(), { surroundings: { ...surroundings, environment } })
    assert.equal(exitCode, 1)
    assert.match(stderr, /^error: invalid_model: encoder could not start \(exit code 78\): models\/none/)
    assert.ok(stderr.includes(`the end of ${join(data, 'logs', 'encoder.log')}:\n  cannot start:`))
  })
})
