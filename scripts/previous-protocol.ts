/**
 * The code of the protocol version before: the newest commit whose processes these must work with. A cluster is upgraded
 * process by process, so messages and files of both are in use at the same time.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const versionsFile = 'proto/versions.ts'

export type PreviousProtocol =
  | { readonly commit: string; readonly version: number }
  /** Why it is not to be had here. */
  | { readonly missing: string }

/** Looks the commit up in the history of a checkout. */
export function findPreviousProtocol(version: number, folder = root): PreviousProtocol {
  const git = (...words: string[]) => readGit(folder, words)
  if (git('rev-parse', '--git-dir') === undefined) return { missing: 'this is no git checkout' }
  const commits = git('log', '--format=%H', '--', versionsFile)?.split('\n').filter(Boolean) ?? []
  const versionAt = (commit: string) =>
    Number(/protocolVersion = (\d+)/.exec(git('show', `${commit}:${versionsFile}`) ?? '')?.[1])
  // Newest first, whatever touched the file; before the last of these that raised it, or made it, stood the version before.
  const older = commits.findIndex(commit => versionAt(commit) !== version)
  const raising = older === 0 ? undefined : commits.at(older === -1 ? -1 : older - 1)
  const commit =
    older === 0 ? git('rev-parse', 'HEAD') : raising && git('rev-parse', '--verify', '--quiet', `${raising}^`)
  if (commit !== undefined) return { commit, version: version - 1 }
  return { missing: `the history here does not go back to protocol version ${version - 1} (a shallow clone?)` }
}

/** Writes these of a commit's files and folders into a folder; those that it has not are left out. */
export function extractCommit(commit: string, paths: readonly string[], folder: string): void {
  const there = readGit(root, ['ls-tree', '--name-only', commit, '--', ...paths])!
    .split('\n')
    .filter(Boolean)
  const archive = execFileSync('git', ['archive', commit, '--', ...there], { cwd: root, maxBuffer: 2 ** 28 })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
}

/** @returns undefined where git fails */
function readGit(folder: string, words: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', words, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 })
  return status === 0 ? stdout.trim() : undefined
}
