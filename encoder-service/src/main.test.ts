import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { programEnvironment } from '@hypershard/harness'
import { writeTinyModel } from '@hypershard/harness/qnets'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

describe('the encoder service as a process', () => {
  let parent: string
  let child: ChildProcess | undefined
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'hypershard-encoder-main-'))
  })
  afterEach(async () => {
    child?.kill('SIGKILL')
    child = undefined
    await rm(parent, { recursive: true })
  })

  function run(environment: Record<string, string>): ChildProcess {
    child = fork(main, { env: { ...programEnvironment, ...environment }, silent: true, execArgv: [] })
    return child
  }

  it('says where it listens, beside settings of other processes, and ends cleanly', async () => {
    const { path } = await writeTinyModel(parent)
    const service = run({
      HYPERSHARD_ENCODER_LISTEN: '127.0.0.1:0',
      HYPERSHARD_MODELS: path,
      HYPERSHARD_SHARD_SERVER_LISTEN: '127.0.0.1:0',
    })
    const [message] = await once(service, 'message')
    assert.equal(message.type, 'ready')
    assert.match(message.addresses.grpc, /^127\.0\.0\.1:[1-9]\d*$/)
    service.kill('SIGTERM')
    assert.deepEqual(await once(service, 'exit'), [0, null])
  })

  it('ends with 78 and every problem for settings that need mending', async () => {
    const service = run({ HYPERSHARD_ENCODER_THREDS: '2' })
    let log = ''
    service.stderr!.on('data', chunk => {
      log += chunk
    })
    assert.deepEqual(await once(service, 'exit'), [78, null])
    assert.match(log, /HYPERSHARD_MODELS/)
    assert.match(log, /HYPERSHARD_ENCODER_THREDS: no such setting/)
  })
})
