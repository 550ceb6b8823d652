import { globSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url))

export interface SourceFile {
  /** From the repository's root. */
  readonly path: string
  readonly text: string
  /** What its import and export statements name. */
  readonly imports: readonly string[]
}

/** All TypeScript that people write here; what ts-proto writes is left out. */
export function readSourceFiles(): SourceFile[] {
  return globSync(
    ['*/src/**/*.{ts,tsx}', 'deploy/*/src/**/*.ts', 'proto/index.ts', 'test/**/*.ts', 'scripts/**/*.ts'],
    {
      cwd: repositoryRoot,
    },
  )
    .map(path => relative(repositoryRoot, `${repositoryRoot}/${path}`))
    .filter(path => !path.startsWith('node_modules'))
    .map(path => {
      const text = readFileSync(`${repositoryRoot}/${path}`, 'utf8')
      return {
        path,
        text,
        imports: [...text.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm)].map(
          match => match[1] ?? match[2] ?? match[3]!,
        ),
      }
    })
}

/** The workspace that a file belongs to. */
export function workspaceOf(path: string): string {
  return path.split('/')[0]!
}
