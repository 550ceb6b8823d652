import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ReadyMessage } from '@hypershard/common'
import { type OtlpReceiver, startOtlpReceiver } from '@hypershard/harness/traces'

const program = fileURLToPath(new URL('./testing/traced-process.ts', import.meta.url))

describe('a process with a file that says what it counts and traces', () => {
  let folder: string
  let file: string
  let receiver: OtlpReceiver
  let child: ChildProcess | undefined
  let ended: Promise<unknown[]>

  beforeEach(async () => {
    receiver = await startOtlpReceiver()
    folder = await mkdtemp(join(tmpdir(), 'hypershard-telemetry-'))
    file = join(folder, 'telemetry.json')
  })

  afterEach(async () => {
    child?.kill('SIGKILL')
    await receiver.stop()
    await rm(folder, { recursive: true })
  })

  /** Starts the process. @returns its admin listener's address once it serves */
  async function start(settings: object): Promise<string> {
    await writeFile(file, JSON.stringify(settings))
    child = spawn(process.execPath, [program], {
      env: {
        PATH: process.env.PATH,
        HYPERSHARD_ADMIN_LISTEN: '127.0.0.1:0',
        HYPERSHARD_METRICS: 'off',
        HYPERSHARD_TRACE_OTLP_URL: receiver.url,
        HYPERSHARD_TRACE_SAMPLE_PERCENT: '0',
        HYPERSHARD_TELEMETRY_FILE: file,
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    ended = once(child, 'exit')
    const [ready] = (await once(child, 'message')) as [ReadyMessage]
    return ready.addresses.admin!
  }

  it('does as the file says, not as the settings do, and changes while it runs', async () => {
    const address = await start({ metrics: 'off', trace_sample_percent: 100 })
    const statusNow = async () => (await fetch(`http://${address}/metrics`)).status
    const statuses = [await statusNow()]
    for (const metrics of ['on', 'off']) {
      await writeFile(file, JSON.stringify({ metrics, trace_sample_percent: 100 }))
      const told = await fetch(`http://${address}/telemetry`)
      assert.deepEqual(await told.json(), { metrics, trace_sample_percent: 100 })
      statuses.push(await statusNow())
    }
    assert.deepEqual(statuses, [404, 200, 404])
    child!.kill('SIGTERM')
    await ended
    assert.deepEqual(
      receiver.spans.map(({ name }) => name),
      ['step'],
    )
  })
})
