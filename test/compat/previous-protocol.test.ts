import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPreviousProtocol } from '../../scripts/previous-protocol.ts'

describe('the commit of the protocol version before', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-history-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.org']
  const git = (...words: string[]) => execFileSync('git', [...who, ...words], { cwd: folder, encoding: 'utf8' }).trim()

  /** @param version undefined for a commit without the file */
  function commit(version: number | undefined, note = ''): string {
    if (!existsSync(join(folder, '.git'))) git('init', '--quiet')
    mkdirSync(join(folder, 'proto'), { recursive: true })
    if (version === undefined) writeFileSync(join(folder, 'other'), note)
    else writeFileSync(join(folder, 'proto/versions.ts'), `// ${note}\nexport const protocolVersion = ${version}\n`)
    git('add', '.')
    git('commit', '--quiet', '--message', 'x')
    return git('rev-parse', 'HEAD')
  }

  it('is the one before the version was raised, whatever touched the file since', () => {
    commit(undefined)
    commit(2)
    const newest = commit(2, 'mended')
    const last = commit(undefined, 'and something else')
    commit(3)
    commit(3, 'mended')
    assert.notEqual(newest, last)
    assert.deepEqual(findPreviousProtocol(3, folder), { commit: last, version: 2 })
  })

  it('is the one before the file was made, for the first version that is told', () => {
    const before = commit(undefined)
    commit(2)
    commit(2, 'mended')
    assert.deepEqual(findPreviousProtocol(2, folder), { commit: before, version: 1 })
  })

  it('is the newest while the version is being raised', () => {
    commit(2)
    const newest = commit(undefined, 'later')
    assert.deepEqual(findPreviousProtocol(3, folder), { commit: newest, version: 2 })
  })

  it('is missing where there is no history', async () => {
    assert.deepEqual(findPreviousProtocol(2, folder), { missing: 'this is no git checkout' })
    commit(2)
    const found = findPreviousProtocol(2, folder)
    assert.ok('missing' in found && found.missing.includes('does not go back to protocol version 1'))
  })
})
