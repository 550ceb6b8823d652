import assert from 'node:assert/strict'
import { HypershardError, type Logger, OutageLog } from '@hypershard/common'
import { JobFailureLog } from './job-failure-log.ts'
import type { Job } from './queue/job.ts'

const papers = { index: 'papers', indexUid: 'u', generation: 1 } as const
const advance: Job = { kind: 'advance', ...papers }
const gone = new HypershardError('model_not_served', 'index `papers`: gone')
const full = new HypershardError('storage_full', 'the disk is full')

describe('the log of failed jobs', () => {
  let lines: string[]
  let failures: JobFailureLog

  beforeEach(() => {
    lines = []
    const told = (level: string) => (_: object, text: string) => void lines.push(`${level}: ${text}`)
    const log = { warn: told('warn'), info: told('info'), debug: () => undefined } as unknown as Logger
    failures = new JobFailureLog(log, new OutageLog('object store', log))
  })

  it('tells one failure once, however often the job is tried again', () => {
    for (let attempt = 0; attempt < 20; attempt++) failures.failed(advance, gone, 200)
    assert.deepEqual(lines, ['warn: job failed'])
  })

  it('tells when the work goes on, and the same failure anew after that', () => {
    failures.failed(advance, gone, 200)
    for (let done = 0; done < 3; done++) failures.succeeded(advance)
    failures.failed(advance, gone, 200)
    assert.deepEqual(lines, ['warn: job failed', 'info: job goes on after failures', 'warn: job failed'])
  })

  it('tells another failure of the same work, and the same one of other work', () => {
    failures.failed(advance, gone, 200)
    failures.failed(advance, full, 200)
    failures.failed({ ...advance, kind: 'compact' }, full, 200)
    failures.failed({ ...advance, indexUid: 'v' }, full, 200)
    assert.equal(lines.length, 4)
  })

  it('tells that the object store is away once for all work, and that it is back once no work fails of it', () => {
    const away = new HypershardError('storage_failed', 'reading x: EIO')
    const others = Array.from({ length: 20 }, (_, at): Job => ({ ...advance, indexUid: `u${at}` }))
    for (const job of [...others, ...others]) failures.failed(job, away, 200)
    assert.deepEqual(lines, ['warn: away; the next line comes when it is back'])
    const [last, gone, ...rest] = others
    for (const job of rest) failures.succeeded(job)
    failures.ended(gone!)
    assert.equal(lines.length, 1)
    failures.succeeded(last!)
    assert.deepEqual(lines.slice(1), ['info: back'])
  })

  it('tells a failure of all slices of a copy once', () => {
    for (let slice = 0; slice < 50; slice++) failures.failed({ kind: 'backfill', ...papers, slice }, gone, 200)
    assert.equal(lines.length, 1)
  })
})
