import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
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

  it('refuses a second owner until it is released', () => {
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

  const unusable: { title: string; path: () => string; says: RegExp }[] = [
    { title: 'is a file', path: () => file('taken'), says: /taken is a file; name a folder/ },
    { title: 'lies under a file', path: () => join(file('taken'), 'sub'), says: /taken is a file; name a folder/ },
    { title: 'cannot be made', path: () => '/proc/nope/x', says: /ENOENT.*; choose another folder/ },
    {
      title: 'is a link to nothing',
      path: () => link('dangling'),
      says: /dangling is a link to something that does not/,
    },
    {
      title: 'another program uses',
      path: () => {
        file('PG_VERSION')
        return data
      },
      says: /is used by something else \(it has PG_VERSION in it\); choose an empty one with --data/,
    },
    {
      title: 'has a folder where the lock belongs',
      path: () => {
        mkdirSync(join(data, 'lock'))
        return data
      },
      says: /EISDIR.*; choose another folder/,
    },
  ]
  for (const { title, path, says } of unusable) {
    it(`refuses at once a path that ${title}, and names it`, () => {
      const folder = path()
      assert.throws(
        () => lockData(folder),
        (error: unknown) => {
          assert.ok(error instanceof HypershardError)
          assert.equal(error.code, 'invalid_config')
          assert.ok(error.message.startsWith(`data directory ${folder}`), error.message)
          assert.match(error.message, says)
          return true
        },
      )
    })
  }

  it('takes a folder with what a filesystem or a desktop puts there', () => {
    mkdirSync(join(data, 'lost+found'))
    file('.DS_Store')
    lockData(data).release()
  })

  function file(name: string): string {
    writeFileSync(join(data, name), '')
    return join(data, name)
  }

  function link(name: string): string {
    symlinkSync(join(data, 'nothing'), join(data, name))
    return join(data, name)
  }

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
