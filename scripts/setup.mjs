// Plain JavaScript for Node 20 without dependencies: this installs the dependencies.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('..', import.meta.url))

const marker = join(repository, 'node_modules', '.hypershard-setup.json')

/** Installs the dependencies and builds the console, what of both is not done yet. Ends the process when it cannot be done. */
export async function setUp() {
  installDependencies()
  // It needs them.
  const { buildConsole } = await import('../console/build.mjs')
  const startMs = Date.now()
  if (await buildConsole()) process.stderr.write(`setup: built the console in ${secondsSince(startMs)} s\n`)
}

/** Installs what package-lock.json names, unless that has been done: nothing works without it. */
function installDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(repository, 'package-lock.json')))
    .digest('hex')
  if (readInstalledLock() === lock) return
  process.stderr.write('setup: installing the dependencies that package-lock.json names; once, about a minute\n')
  const startMs = Date.now()
  const [command, words] = npmCommand()
  // Not `npm ci`: it refuses a lock file without the packages for other systems, which a registry mirror may lack.
  const install = [...words, 'install', '--no-save', '--no-fund', '--no-audit', '--loglevel=error']
  const { status, error } = spawnSync(command, install, {
    cwd: repository,
    // The CUDA libraries of onnxruntime-node are hundreds of megabytes, and the CPU build needs none of them.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    // Standard output belongs to the command that this prepares.
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) {
    const reason = error ? error.message : `npm install ended with exit code ${status}`
    process.stderr.write(`setup: failed: ${reason}; mend it and run the same command again\n`)
    process.exit(1)
  }
  writeFileSync(marker, `${JSON.stringify({ packageLockSha256: lock })}\n`)
  process.stderr.write(`setup: done in ${secondsSince(startMs)} s\n`)
}

/** @param {number} startMs */
function secondsSince(startMs) {
  return ((Date.now() - startMs) / 1000).toFixed(1)
}

/** @returns {string | undefined} the digest of the lock file that node_modules was made from */
function readInstalledLock() {
  if (!existsSync(marker)) return undefined
  return JSON.parse(readFileSync(marker, 'utf8')).packageLockSha256
}

/**
 * The npm that runs this script, if one does; otherwise the one on the path.
 * @returns {[string, string[]]}
 */
function npmCommand() {
  const script = process.env.npm_execpath
  return script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []]
}
