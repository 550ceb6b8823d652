import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@hypershard/common'
import { casesOf } from '@hypershard/harness'
import fc from 'fast-check'
import type { AuditEntry } from './audit-line.ts'
import { AuditLog } from './audit-log.ts'
import { verifyAudit } from './verify-audit.ts'

const entry = (request: string): AuditEntry => ({
  event: 'ended',
  request,
  key: { id: '0b5c7f2a91d4', name: 'shop' },
  address: '127.0.0.1',
  what: 'putDocuments',
  subject: { index: 'papers' },
  outcome: 'ok',
  counts: { accepted: 3 },
})

describe('the audit log', () => {
  let folder: string
  let path: string
  let log: AuditLog | undefined

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-audit-'))
    path = join(folder, 'audit.log')
  })

  afterEach(async () => {
    await log?.close()
    log = undefined
    await rm(folder, { recursive: true, force: true })
  })

  async function write(...requests: string[]): Promise<void> {
    log ??= await AuditLog.open(path, systemClock)
    await Promise.all(requests.map(request => log!.append(entry(request))))
  }

  async function reopen(): Promise<void> {
    await log?.close()
    log = await AuditLog.open(path, systemClock)
  }

  const lines = async () => (await readFile(path, 'utf8')).split('\n').slice(0, -1)

  it('has each line on the disk, for its owner alone, once that is said', async () => {
    await write('a', 'b', 'c')
    await reopen()
    await write('d')
    const written = (await lines()).map(line => JSON.parse(line))
    assert.deepEqual(
      written.map(({ n, request }) => [n, request]),
      [
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
        [4, 'd'],
      ],
    )
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const { lines: count, problems, notes, last } = await verifyAudit([path])
    assert.deepEqual([count, problems, notes, last?.n], [4, [], [], 4])
  })

  it('takes lines that come one by one', async () => {
    log = await AuditLog.open(path, systemClock)
    for (const request of ['a', 'b', 'c']) await log.append(entry(request))
    assert.equal((await verifyAudit([path])).lines, 3)
  })

  it('tells of any line that was changed, removed, added or moved', async () => {
    await write('a', 'b', 'c', 'd', 'e', 'f')
    await log!.close()
    log = undefined
    const whole = await lines()
    const place = fc.nat(whole.length - 1)
    const change = fc.oneof(
      fc.tuple(place, fc.nat(1_000), fc.constantFrom('0', '1', 'x', '"')).map(([at, where, character]) => {
        const line = whole[at]!
        const spot = where % line.length
        return whole.with(at, line.slice(0, spot) + character + line.slice(spot + 1))
      }),
      fc.nat(whole.length - 2).map(at => whole.toSpliced(at === 0 ? 1 : at, 1)),
      fc.tuple(place, place).map(([from, to]) => whole.toSpliced(to, 0, whole[from]!)),
      fc.tuple(place, place).map(([one, other]) => whole.with(one, whole[other]!).with(other, whole[one]!)),
    )
    await fc.assert(
      fc.asyncProperty(change, async changed => {
        fc.pre(changed.join() !== whole.join())
        await writeFile(path, changed.map(line => `${line}\n`).join(''))
        assert.notEqual((await verifyAudit([path])).problems.length, 0, changed.join('\n'))
      }),
      { numRuns: casesOf({ usual: 100, thorough: 5_000 }) },
    )
  })

  it('goes on behind a line that broke off, and says that it did', async () => {
    await write('a', 'b')
    await log!.close()
    log = undefined
    await appendFile(path, '{"n":3,"at":"20')
    assert.match((await verifyAudit([path])).notes[0]!.message, /broke off/)
    await write('c', 'd')
    const { problems, notes, last } = await verifyAudit([path])
    assert.deepEqual([problems, notes.map(({ line }) => line), last?.n], [[], [3], 4])
  })

  it('goes on in a new file when the old one is renamed', async () => {
    await write('a', 'b')
    await rename(path, `${path}.1`)
    await write('c')
    const { problems, notes, last, lines: count } = await verifyAudit([`${path}.1`, path])
    assert.deepEqual([problems, notes, last?.n, count], [[], [], 3, 3])
    // The older file may have been deleted in time.
    assert.deepEqual((await verifyAudit([path])).problems, [])
    assert.match((await verifyAudit([path, `${path}.1`])).notes[0]!.message, /new chain/)
  })

  it('tells that lines at the end are gone by what it ends with', async () => {
    await write('a', 'b', 'c')
    const before = (await verifyAudit([path])).last
    const [first] = await lines()
    await truncate(path, first!.length + 1)
    const after = (await verifyAudit([path])).last
    assert.deepEqual([before?.n, after?.n], [3, 1])
  })

  it('refuses what cannot be written, and goes on once it can', async () => {
    await write('a')
    await rm(folder, { recursive: true })
    await assert.rejects(log!.append(entry('b')), { code: 'unavailable', message: /audit log .* cannot be written/ })
    await rm(folder, { recursive: true, force: true })
    folder = await mkdtemp(join(tmpdir(), 'hypershard-audit-'))
    await assert.rejects(AuditLog.open(join(folder, 'no', 'audit.log'), systemClock), { code: 'invalid_config' })
  })
})
