import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeFolder } from './make-folder.ts'

describe('makeFolder', () => {
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hypershard-folder-'))
  })

  afterEach(() => rmSync(root, { recursive: true }))

  it('makes a folder and those above it, once or often, also through a link', () => {
    symlinkSync(root, join(root, 'link'))
    for (let time = 0; time < 2; time++) makeFolder(join(root, 'link', 'a', 'b'), 'folder')
    assert.ok(statSync(join(root, 'a', 'b')).isDirectory())
  })

  it('ends where a folder cannot be made though the one above it is there', () => {
    assert.throws(() => makeFolder('/proc/nope/x', 'scratch /proc/nope/x'), {
      code: 'invalid_config',
      message: /^scratch \/proc\/nope\/x: ENOENT.*choose another folder$/,
    })
  })

  it('does not take a file or a name that is too long for one', () => {
    writeFileSync(join(root, 'file'), '')
    for (const path of [join(root, 'file'), join(root, 'file', 'x'), join(root, 'x'.repeat(300))]) {
      assert.throws(() => makeFolder(path, 'folder'), { code: 'invalid_config' })
    }
  })

  it('says that a filesystem is read-only', function () {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=64k', 'tmpfs', root], { stdio: 'pipe' })
    } catch {
      // Mounting takes root.
      this.skip()
    }
    try {
      for (const path of [root, join(root, 'new')]) {
        assert.throws(() => makeFolder(path, 'folder'), {
          code: 'invalid_config',
          message: /read-only filesystem; choose/,
        })
      }
    } finally {
      execFileSync('umount', [root])
    }
  })
})
