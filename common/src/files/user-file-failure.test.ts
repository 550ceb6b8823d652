import assert from 'node:assert/strict'
import { HypershardError } from '../errors/hypershard-error.ts'
import { type FileUse, toUserFileFailure } from './user-file-failure.ts'

const systemError = (code: string) => Object.assign(new Error(`${code}: refused, open 'x'`), { code })

describe('a file that a person named', () => {
  const cases: [string, FileUse, RegExp][] = [
    ['ENOENT', 'read', /^cannot read a\.tsv: there is nothing of that name; check it/],
    ['ENOENT', 'write', /^cannot write a\.tsv: its folder does not exist; make that first/],
    ['EISDIR', 'read', /^cannot read a\.tsv: it is a folder; name a file in it \(EISDIR\)$/],
    ['EISDIR', 'write', /^cannot write a\.tsv: it is a folder; name a file in it \(EISDIR\)$/],
    ['ENOTDIR', 'read', /a part of the path is a file and no folder/],
    ['EACCES', 'read', /no permission; let this user read it/],
    ['EPERM', 'write', /no permission; let this user write there/],
    ['EROFS', 'write', /read-only filesystem; name another place/],
    ['ENOSPC', 'write', /no space is left on its disk; free some/],
    ['EMFILE', 'read', /this process has all \d+ files open that it may; raise it/],
    ['EIO', 'read', /^cannot read a\.tsv: EIO: refused, open 'x'$/],
  ]
  for (const [code, use, message] of cases) {
    it(`to ${use}, with ${code}: says what to do`, () => {
      const failure = toUserFileFailure('a.tsv', use, systemError(code))
      assert.match(failure.message, message)
      assert.deepEqual([failure.code, failure.details], ['invalid_request', { file: 'a.tsv', system: code }])
    })
  }

  it('stays what it is when it is a failure of ours already', () => {
    const failure = new HypershardError('storage_full', 'full')
    assert.equal(toUserFileFailure('a.tsv', 'write', failure), failure)
  })
})
