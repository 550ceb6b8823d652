import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const installMsMax = 600_000
const cache = fileURLToPath(new URL('../../../../.cache', import.meta.url))

/**
 * A virtual environment with these packages of PyPI, that later runs find again.
 * @returns its `bin`
 * @throws Error where they cannot be installed
 */
export async function installPython(name: string, packages: readonly string[]): Promise<string> {
  const digest = createHash('sha256').update(packages.join()).digest('hex').slice(0, 8)
  const folder = join(cache, `${name}-${digest}`)
  const bin = join(folder, 'bin')
  if (existsSync(join(folder, 'complete'))) return bin
  const run = (program: string, ...args: string[]) => promisify(execFile)(program, args, { timeout: installMsMax })
  await rm(folder, { recursive: true, force: true })
  try {
    await run('python3', '-m', 'venv', folder)
    await run(join(bin, 'pip'), 'install', '--quiet', ...packages)
    await mkdir(join(folder, 'complete'))
    return bin
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}
