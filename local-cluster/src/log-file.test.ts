import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLogEnd, rotateLog } from './log-file.ts'

describe('log files', () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hypershard-log-'))
    path = join(folder, 'shard-1.log')
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('are put aside beyond 10 MB, one of them kept', () => {
    for (const [bytes, kept] of [
      [10 * 1024 * 1024, true],
      [10 * 1024 * 1024 + 1, false],
    ] as const) {
      writeFileSync(path, '')
      truncateSync(path, bytes)
      rotateLog(path)
      assert.equal(existsSync(path), kept)
    }
    assert.equal(statSync(`${path}.1`).size, 10 * 1024 * 1024 + 1)
  })

  it('say why the last life of a process ended', () => {
    const before = '{"level":60,"msg":"cannot start: an old reason"}\n'
    const err = { message: 'cannot listen', code: 'address_in_use', details: { address: '127.0.0.1:1' } }
    writeFileSync(
      path,
      `${before}{"level":30,"msg":"hello"}\n${JSON.stringify({ level: 60, msg: 'cannot start', err })}\n`,
    )
    assert.deepEqual(readLogEnd(path, before.length, 5), {
      lines: ['hello', 'cannot start'],
      cause: 'cannot listen',
      code: 'address_in_use',
      details: { address: '127.0.0.1:1' },
    })
  })

  it('may have text that is no JSON', () => {
    writeFileSync(path, 'node: bad option\n{torn')
    assert.deepEqual(readLogEnd(path, 0, 5), { lines: ['node: bad option', '{torn'] })
  })

  it('tell an uncaught error from its stack', () => {
    writeFileSync(path, "Error [ERR_MODULE_NOT_FOUND]: Cannot find 'x'\n    at a\n    at b\n\nNode.js v24.21.0\n")
    assert.equal(readLogEnd(path, 0, 2).cause, "Error [ERR_MODULE_NOT_FOUND]: Cannot find 'x'")
  })
})
