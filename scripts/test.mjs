// `npm test`: sets up what is missing, then runs every test, or those that the arguments name or select.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findBundledNode, runNode } from '../cli/bin/run-node.mjs'
import { repository, setUp } from './setup.mjs'

setUp()
process.chdir(repository)
const words = process.argv.slice(2)
const mocha = join(repository, 'node_modules', 'mocha', 'bin', 'mocha.js')
const reporter = join(repository, 'scripts', 'plain-line-reporter.mjs')
process.exitCode = await runNode(findBundledNode(), [mocha, '--reporter', reporter, ...configuration(), ...words])

/**
 * Mocha adds the files it is given to those of its configuration; here they stand in their place.
 * @returns {string[]}
 */
function configuration() {
  const strict = process.env.CI ? ['--forbid-only'] : []
  if (!words.some(word => word.endsWith('.test.ts'))) return strict
  const { timeout } = JSON.parse(readFileSync('.mocharc.json', 'utf8'))
  return [...strict, '--no-config', '--timeout', String(timeout)]
}
