// `npm test`: sets up what is missing, then runs every test, or those that the arguments name or select.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findBundledNode, runNode } from '../cli/bin/run-node.mjs'
import { repository, setUp } from './setup.mjs'

await setUp()
process.chdir(repository)
// A run starts some hundred processes and threads, most of them with the same modules: each is compiled once.
process.env.NODE_COMPILE_CACHE ??= join(repository, '.cache', 'compiled')
// Tests load onnxruntime themselves, which tells its maker how it is used unless told not to (service/src/run-main.ts).
process.env.ORT_DISABLE_TELEMETRY ??= '1'
const words = process.argv.slice(2)
process.exitCode = await runNode(findBundledNode(), isForMocha() ? mocha() : ['scripts/run-test-files.ts', ...words])

/** One file is shown test by test; options, as `--grep`, are mocha's own. All else runs in several processes. */
function isForMocha() {
  return words.length === 1 || words.some(word => !word.endsWith('.test.ts'))
}

/**
 * Mocha adds the files it is given to those of its configuration; here they stand in their place.
 * @returns {string[]}
 */
function mocha() {
  const command = [join(repository, 'node_modules', 'mocha', 'bin', 'mocha.js'), ...words]
  command.push('--reporter', join(repository, 'scripts', 'plain-line-reporter.mjs'))
  if (process.env.CI) command.push('--forbid-only')
  if (!words.some(word => word.endsWith('.test.ts'))) return command
  const { timeout } = JSON.parse(readFileSync('.mocharc.json', 'utf8'))
  return [...command, '--no-config', '--timeout', String(timeout)]
}
