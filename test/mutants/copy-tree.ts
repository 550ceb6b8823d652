import { execFileSync } from 'node:child_process'
import { constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface TreeCopy {
  readonly root: string
  remove(): void
}

/**
 * Copies what git tracks or would track, as it is now, into a temporary folder. The libraries are linked, but the
 * workspaces' own names lead into the copy, so that a fault planted there is what its tests load.
 */
export function copyTree(repository: string): TreeCopy {
  const root = mkdtempSync(join(tmpdir(), 'hypershard-mutants-'))
  for (const path of filesOf(repository)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    copyFileSync(join(repository, path), join(root, path), constants.COPYFILE_FICLONE)
  }
  linkLibraries(repository, root)
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) }
}

function filesOf(repository: string): string[] {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', words, { cwd: repository, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  // A file that was deleted and not yet committed is still listed.
  return [...new Set(listed.split('\0'))].filter(path => path !== '' && existsSync(join(repository, path)))
}

const ownScope = '@hypershard'

function linkLibraries(repository: string, root: string): void {
  const from = join(repository, 'node_modules')
  const to = join(root, 'node_modules')
  mkdirSync(join(to, ownScope), { recursive: true })
  for (const name of readdirSync(from)) if (name !== ownScope) symlinkSync(join(from, name), join(to, name))
  const python = join('.cache', 'python-client')
  if (existsSync(join(repository, python))) {
    mkdirSync(join(root, '.cache'), { recursive: true })
    symlinkSync(join(repository, python), join(root, python))
  }
  for (const name of readdirSync(join(from, ownScope))) symlinkSync(join(root, name), join(to, ownScope, name))
}
