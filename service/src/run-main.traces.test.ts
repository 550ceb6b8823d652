import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { programEnvironment } from '@hypershard/harness'
import { type OtlpReceiver, startOtlpReceiver } from '@hypershard/harness/traces'

const program = fileURLToPath(new URL('./testing/traced-process.ts', import.meta.url))

/** Says each module of the SDK that is loaded. */
const telling =
  'import{registerHooks}from"node:module";registerHooks({resolve(name,context,next){' +
  'if(/^@opentelemetry.sdk/.test(name))console.log("loads",name);return next(name,context)}})'

describe('a process that is told where to send its traces', () => {
  let receiver: OtlpReceiver

  beforeEach(async () => {
    receiver = await startOtlpReceiver()
  })

  afterEach(() => receiver.stop())

  /** Runs the process from its start to its end by SIGTERM. */
  async function run(environment: Record<string, string>) {
    const child = spawn(process.execPath, ['--import', `data:text/javascript,${telling}`, program], {
      env: { ...programEnvironment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const [output, log, ended] = [text(child.stdout!), text(child.stderr!), once(child, 'exit')]
    child.once('message', () => child.kill('SIGTERM'))
    const [code] = await ended
    return { code, output: await output, log: await log }
  }

  it('sends what is left when it ends', async () => {
    const { code, output } = await run({
      HYPERSHARD_TRACE_OTLP_URL: receiver.url,
      HYPERSHARD_TRACE_SAMPLE_PERCENT: '100',
    })
    assert.deepEqual(
      [code, receiver.spans.map(({ name, service }) => [name, service])],
      [0, [['step', 'hypershard-sample']]],
    )
    assert.match(output, /loads @opentelemetry\/sdk-trace/)
  })

  it('loads nothing of that and sends nothing where it is not told', async () => {
    const { code, output } = await run({ HYPERSHARD_TRACE_SAMPLE_PERCENT: '100' })
    assert.deepEqual([code, output, receiver.requests], [0, '', 0])
  })

  it('refuses addresses and shares that are none, and misspelt names', async () => {
    const { code, log } = await run({
      HYPERSHARD_TRACE_OTLP_URL: 'collector:4318',
      HYPERSHARD_TRACE_SAMPLE_PERCENT: '101',
      HYPERSHARD_TRACE_URL: receiver.url,
    })
    assert.equal(code, 78)
    assert.match(log, /HYPERSHARD_TRACE_OTLP_URL: must be an http:\/\/ or https:\/\/ address/)
    assert.match(log, /HYPERSHARD_TRACE_SAMPLE_PERCENT: must be at most 100/)
    assert.match(log, /HYPERSHARD_TRACE_URL: no such setting/)
  })
})
