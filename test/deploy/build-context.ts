import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '../tidy/source-files.ts'

/** What these tests read of a workspace's package.json. */
interface Manifest {
  readonly exports?: Readonly<Record<string, string>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
}

const ignoreLines = readFileSync(join(repositoryRoot, '.dockerignore'), 'utf8')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))
  .map(line => ({ lets: line.startsWith('!'), pattern: toPattern(line.replace(/^!/, '')) }))

/** What the stage `files` of the Dockerfile takes of the context. */
const copied = [
  ...readFileSync(join(repositoryRoot, 'deploy/Dockerfile'), 'utf8').matchAll(
    /\bcp (?:--parents )?-r ([^&]*?) \/(?:files|models)\b/g,
  ),
].flatMap(([, words]) => words!.split(' ').map(toPattern))

/** The workspaces that something is started in; the image has them and what they depend on. */
export const startedWorkspaces: readonly string[] = ['coordinator', 'shard-server', 'encoder-service', 'indexer', 'cli']

/** These workspaces and all that they depend on. */
export function neededWorkspaces(workspaces: readonly string[] = startedWorkspaces): ReadonlySet<string> {
  const needed = new Set<string>()
  const waiting = [...workspaces]
  for (let workspace = waiting.pop(); workspace !== undefined; workspace = waiting.pop()) {
    if (needed.has(workspace)) continue
    needed.add(workspace)
    for (const name of Object.keys(manifestOf(workspace).dependencies ?? {})) {
      if (name.startsWith('@hypershard/')) waiting.push(name.slice('@hypershard/'.length))
    }
  }
  return needed
}

/** The files that others load of a workspace, from the repository's root. */
export function entriesOf(workspace: string): string[] {
  const { exports = {}, bin = {} } = manifestOf(workspace)
  return [...Object.values(exports), ...Object.values(bin)].map(path => join(workspace, path))
}

/** Whether a file is in the image: .dockerignore lets it into the build, and the Dockerfile copies it from there. */
export function isInImage(path: string): boolean {
  return isInContext(path) && copied.some(pattern => pattern.test(path))
}

/** The last line of .dockerignore that fits the path or a folder above it decides. */
function isInContext(path: string): boolean {
  return ignoreLines.findLast(({ pattern }) => pattern.test(path))?.lets ?? true
}

/** What fits a pattern of .dockerignore or of the shell, and all below it. */
function toPattern(glob: string): RegExp {
  const parts = glob.split(/(\*\*\/|\*)/).map(part => {
    if (part === '**/') return '(?:.*/)?'
    return part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${parts.join('')}(?:/|$)`)
}

function manifestOf(workspace: string): Manifest {
  return JSON.parse(readFileSync(join(repositoryRoot, workspace, 'package.json'), 'utf8')) as Manifest
}
