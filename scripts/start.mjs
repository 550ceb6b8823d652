// `npm start`: sets up what is missing, then runs a cluster with the bundled sample until Ctrl-C.
import { join } from 'node:path'
import { findBundledNode, runNode } from '../cli/bin/run-node.mjs'
import { repository, setUp } from './setup.mjs'

await setUp()
const main = join(repository, 'cli', 'src', 'main.ts')
process.exitCode = await runNode(findBundledNode(), [main, 'up', '--sample', ...process.argv.slice(2)])
