import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@hypershard/common'
import { captureLog } from '@hypershard/harness'
import { LiveTelemetry } from './live-telemetry.ts'

const settings = { metrics: 'on', trace_sample_percent: 1 } as const

describe('what a process counts and traces', () => {
  let folder: string
  let file: string
  let live: LiveTelemetry | undefined

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-telemetry-'))
    file = join(folder, 'telemetry.json')
  })

  afterEach(async () => {
    live?.close()
    await rm(folder, { recursive: true })
  })

  async function open(text: string, log = silentLogger()) {
    await writeFile(file, text)
    live = await LiveTelemetry.open({ file, settings, log })
    return live
  }

  const cases: [title: string, text: string, expected: object][] = [
    ['both fields', '{"metrics": "off", "trace_sample_percent": 0.5}', { metrics: 'off', trace_sample_percent: 0.5 }],
    ['one of them, and the other as set', '{"trace_sample_percent": 100}', { ...settings, trace_sample_percent: 100 }],
    ['nothing: all as set', '{}', settings],
  ]
  for (const [title, text, expected] of cases) {
    it(`is what a file says, ${title}`, async () => assert.deepEqual(await (await open(text)).reread(), expected))
  }

  const faults: [title: string, text: string, says: RegExp][] = [
    ['is no JSON', '{"metrics"', /cannot be read: .*JSON/],
    ['has another field', '{"metric": "off"}', /Unrecognized key: "metric"/],
    ['has another word', '{"metrics": "none"}', /metrics: .*"on"\|"off"/],
    ['has more than all', '{"trace_sample_percent": 101}', /trace_sample_percent: .*100/],
    ['is no object', '7', /expected object/],
    ['is longer than it can be', `{}${' '.repeat(5_000)}`, /is longer than 4096 characters/],
  ]
  for (const [title, text, says] of faults) {
    it(`refuses to start with a file that ${title}`, async () => {
      await assert.rejects(open(text), (error: Error & { code: string }) => {
        assert.equal(error.code, 'invalid_config')
        assert.ok(error.message.startsWith(`HYPERSHARD_TELEMETRY_FILE: ${file}: `), error.message)
        assert.match(error.message, says)
        return true
      })
    })
  }

  it('refuses to start without a file that is named', async () => {
    await assert.rejects(LiveTelemetry.open({ file, settings, log: silentLogger() }), { code: 'invalid_config' })
  })

  it('changes with the file, and says what it was and is', async () => {
    const { log, lines } = captureLog()
    const opened = await open('{}', log)
    assert.deepEqual([opened.counting, opened.samplePercent], [true, 1])
    const now = { metrics: 'off', trace_sample_percent: 20 }
    await writeFile(file, JSON.stringify(now))
    assert.deepEqual(await opened.reread(), now)
    await opened.reread()
    assert.deepEqual([opened.counting, opened.samplePercent], [false, 20])
    const line = { level: 30, file, before: settings, now, msg: 'what is counted and traced has changed' }
    assert.deepEqual(lines, [line])
  })

  it('stays as it was while the file cannot be used, and says so once', async () => {
    const { log, lines } = captureLog()
    const opened = await open('{"trace_sample_percent": 7}', log)
    await writeFile(file, '{"trace_sample_percent": "all"}')
    for (let more = 0; more < 3; more++) await opened.reread()
    assert.equal(opened.samplePercent, 7)
    await rm(file)
    for (let more = 0; more < 2; more++) await opened.reread()
    await writeFile(file, '{"trace_sample_percent": 8}')
    await opened.reread()
    assert.deepEqual(
      lines.map(({ level, reason }) => [level, /trace_sample_percent|ENOENT/.exec(String(reason))?.[0]]),
      [
        [50, 'trace_sample_percent'],
        [50, 'ENOENT'],
        [30, undefined],
      ],
    )
    assert.equal(opened.samplePercent, 8)
  })

  it('is as set for good where no file is named', async () => {
    live = await LiveTelemetry.open({ file: undefined, settings, log: silentLogger() })
    assert.deepEqual([await live.reread(), live.changes], [settings, false])
  })
})
