// Plain JavaScript for Node 20: this runs before the Node that runs everything else has been found.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { watchParent } from './watch-parent.mjs'

/**
 * The Node that the `node` package brings: this repository runs TypeScript without a build, which needs at least 22.18.
 * @returns {string} the path of the executable
 */
export function findBundledNode() {
  const manifest = createRequire(import.meta.url).resolve('node/package.json')
  return join(dirname(manifest), 'bin', 'node')
}

/**
 * Runs Node on a script as if it were this process: same streams, signals passed on, and it ends when this process
 * does, however that happens, since it holds an IPC channel to it. This process ends it when npm started it and is gone.
 * @param {string} node the executable
 * @param {readonly string[]} words script and arguments
 * @returns {Promise<number>} the exit code
 */
export function runNode(node, words) {
  const child = spawn(node, words, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
  let told = false
  // The terminal sends Ctrl-C to this process and to the child; the child takes what comes together for one request.
  const tell = signal => {
    told = true
    child.kill(signal)
  }
  const passOn = signals.map(signal => [signal, () => tell(signal)])
  for (const [signal, handler] of passOn) process.on(signal, handler)
  // npm may pass the signal on and end: that is one request, and a second would kill.
  watchParent(process.env, () => told || tell('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      for (const [name, handler] of passOn) process.off(name, handler)
      if (signal !== null) process.kill(process.pid, signal)
      resolve(code ?? 1)
    })
  })
}
