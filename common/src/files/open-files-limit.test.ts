import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { HypershardError } from '../errors/hypershard-error.ts'
import { toFileFailure } from './file-failure.ts'
import { lowOpenFilesLimit } from './open-files-limit.ts'

/** Opens files until there is no descriptor left, and tells what that becomes. */
const exhaust = `
  const { openSync } = await import('node:fs')
  const { toFileFailure } = await import(${JSON.stringify(new URL('./file-failure.ts', import.meta.url).href)})
  let failure
  while (failure === undefined) try { openSync('/dev/null') } catch (error) { failure = error }
  const { code, message, details } = toFileFailure('opening a', 'the object store', failure)
  process.stdout.write(JSON.stringify({ code, message, details }))
`

function runWithLimit(limit: string) {
  const words = ['-c', `ulimit ${limit} && exec "$0" --input-type=module -e "$1"`, process.execPath, exhaust]
  return JSON.parse(spawnSync('bash', words, { encoding: 'utf8' }).stdout)
}

describe('the limit of open files', () => {
  it('is named with its number where it is reached', () => {
    const { code, message, details } = runWithLimit('-n 90')
    assert.equal(code, 'storage_failed')
    assert.match(message, /^opening a: this process has all 90 files open that it may; raise it \(`ulimit -n 65536`/)
    assert.doesNotMatch(message, /disk/)
    assert.deepEqual(details, { system: 'EMFILE', openFilesMax: 90 })
  })

  it('is raised by Node as far as it may be', () => {
    assert.equal(runWithLimit('-n 200; ulimit -Sn 90').details.openFilesMax, 200)
  })

  it('of the whole machine is told apart', () => {
    const error = Object.assign(new Error('ENFILE: file table overflow'), { code: 'ENFILE' })
    const failure = toFileFailure('opening a', 'the object store', error)
    assert.ok(failure instanceof HypershardError)
    assert.match(failure.message, /this machine has as many files open as it may; raise fs\.file-max/)
  })

  it('is warned of when it is low', () => {
    assert.match(lowOpenFilesLimit(1_024) ?? '', /may have 1024 files open/)
    assert.equal(lowOpenFilesLimit(65_536), undefined)
  })
})
