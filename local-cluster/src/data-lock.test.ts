import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HypershardError } from '@hypershard/common'
import { lockData } from './data-lock.ts'

describe('the lock of a data directory', () => {
  let data: string

  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'hypershard-lock-'))
  })

  afterEach(() => rmSync(data, { recursive: true }))

  it('refuses a second holder until it is released', () => {
    const lock = lockData(data)
    assert.throws(
      () => lockData(data),
      (error: unknown) =>
        error instanceof HypershardError && error.code === 'conflict' && error.message.includes(`${process.pid}`),
    )
    lock.release()
    lockData(data).release()
    assert.deepEqual(readdirSync(data), [])
  })

  it('makes the directory', () => {
    lockData(join(data, 'a', 'b')).release()
    assert.ok(existsSync(join(data, 'a', 'b')))
  })

  const ended = spawnSync(process.execPath, ['-e', '']).pid
  for (const { title, content } of [
    { title: 'whose process has ended', content: { pid: ended, process_start: '1', started_at: 'then' } },
    { title: 'whose process id was used again', content: { pid: process.pid, process_start: '1', started_at: 'then' } },
    { title: 'that is torn', content: undefined },
  ]) {
    it(`is taken over from one ${title}`, () => {
      writeFileSync(join(data, 'lock'), content === undefined ? '{"pid":' : JSON.stringify(content))
      const lock = lockData(data)
      assert.equal(JSON.parse(readFileSync(join(data, 'lock'), 'utf8')).pid, process.pid)
      lock.release()
      assert.deepEqual(readdirSync(data), [])
    })
  }
})
