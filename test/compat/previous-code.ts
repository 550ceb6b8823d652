/** The processes of the protocol version before, from the history of this checkout, on the packages installed here. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { protocolVersion } from '@hypershard/proto/versions'
import { extractCommit, findPreviousProtocol } from '../../scripts/previous-protocol.ts'
import { repositoryRoot } from '../tidy/source-files.ts'

/** What no process of a cluster imports. */
const leftOut = ['bench', 'cli', 'harness', 'local-cluster', 'evaluation']

interface Package {
  readonly name: string
  readonly workspaces?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
}

/**
 * Puts the code into a folder, so that `<folder>/<workspace>/src/main.ts` can be run.
 * @returns why it is not to be had, or undefined
 */
export function extractPreviousCode(folder: string): string | undefined {
  const previous = findPreviousProtocol(protocolVersion)
  if ('missing' in previous) return previous.missing
  extractCommit(previous.commit, ['package.json'], folder)
  const workspaces = readPackage(folder).workspaces!.filter(workspace => !leftOut.includes(workspace))
  extractCommit(previous.commit, workspaces, folder)
  linkPackages(folder, workspaces)
  const missing = missingPackages(folder, workspaces)
  if (missing.length === 0) return undefined
  return `its packages ${missing.join(', ')} are not installed here any more`
}

/** Node looks a package up beside the real file that imports it: the project's own are those of the folder. */
function linkPackages(folder: string, workspaces: readonly string[]): void {
  const installed = join(repositoryRoot, 'node_modules')
  mkdirSync(join(folder, 'node_modules', '@hypershard'), { recursive: true })
  for (const name of readdirSync(installed)) {
    if (name !== '@hypershard') symlinkSync(join(installed, name), join(folder, 'node_modules', name))
  }
  for (const workspace of workspaces) {
    symlinkSync(join(folder, workspace), join(folder, 'node_modules', '@hypershard', workspace))
  }
}

function missingPackages(folder: string, workspaces: readonly string[]): string[] {
  const needed = workspaces.flatMap(workspace => Object.keys(readPackage(join(folder, workspace)).dependencies ?? {}))
  return [...new Set(needed)].filter(name => !existsSync(join(folder, 'node_modules', name)))
}

function readPackage(folder: string): Package {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
