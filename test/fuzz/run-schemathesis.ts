import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** From PyPI; another version draws other requests. */
const version = '4.32.5'

const venv = fileURLToPath(new URL('../../.cache/schemathesis/', import.meta.url))
const program = `${venv}bin/schemathesis`

/** Installs it when it is not there, into a folder of its own. */
export async function installSchemathesis(): Promise<void> {
  if (existsSync(program)) return
  const run = promisify(execFile)
  await run('python3', ['-m', 'venv', venv])
  await run(`${venv}bin/pip`, ['install', '--quiet', `schemathesis==${version}`])
}

export interface SchemathesisOptions {
  /** Of the OpenAPI document. */
  readonly document: string
  readonly examples: number
  readonly seed: number
  readonly secondsMax: number
  /** Where it puts what it remembers. */
  readonly folder: string
  /** Operations that are left out, by id. */
  readonly without: readonly string[]
  /** A file with fixed values of parameters. */
  readonly config?: string
}

/** Asks every operation of the document with what its schema allows, and with what it does not. @returns what it says */
export async function runSchemathesis(options: SchemathesisOptions): Promise<string> {
  const { document, examples, seed, secondsMax, without, config } = options
  const words = [
    ...(config === undefined ? [] : ['--config-file', config]),
    ...['--no-color', 'run', document, '--mode', 'all', '--phases', 'coverage,fuzzing'],
    ...['--checks', 'status_code_conformance,content_type_conformance,response_schema_conformance'],
    ...[
      '--workers',
      '16',
      '--max-examples',
      `${examples}`,
      '--seed',
      `${seed}`,
      '--no-shrink',
      '--continue-on-failure',
    ],
    ...['--request-timeout', '2', '--warnings', 'off', '--max-time', `${secondsMax}`],
    ...['--suppress-health-check', 'all', '--generation-database', 'none'],
    ...without.flatMap(id => ['--exclude-operation-id', id]),
  ]
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: options.folder,
    env: { PATH: process.env.PATH },
  })
  let said = ''
  child.stdout.on('data', chunk => (said += chunk))
  child.stderr.on('data', chunk => (said += chunk))
  await once(child, 'close')
  return said
}
