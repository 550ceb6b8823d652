import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The newest when this was written; results tell it. */
export const chromaVersion = '1.5.9'

const installMsMax = 600_000
const cache = fileURLToPath(new URL('../../../../.cache', import.meta.url))

/** Chroma's command, in a virtual environment of its own that later runs find again. @throws Error where it cannot be installed */
export async function installChroma(): Promise<string> {
  const folder = join(cache, `chroma-${chromaVersion}`)
  const command = join(folder, 'bin', 'chroma')
  if (existsSync(command)) return command
  const run = (program: string, ...args: string[]) => promisify(execFile)(program, args, { timeout: installMsMax })
  await mkdir(cache, { recursive: true })
  try {
    await run('python3', '-m', 'venv', folder)
    await run(join(folder, 'bin', 'pip'), 'install', '--quiet', `chromadb==${chromaVersion}`)
    return command
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}
