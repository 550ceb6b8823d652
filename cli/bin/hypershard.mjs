#!/usr/bin/env node
// Starts the `hypershard` command with a Node that runs TypeScript: this one, or the one of the `node` package.
import { fileURLToPath } from 'node:url'
import { findBundledNode, runNode } from './run-node.mjs'
import { watchParent } from './watch-parent.mjs'

const main = new URL('../src/main.ts', import.meta.url)
if (process.features.typescript === 'strip') {
  // As an IPC channel to the parent would tell it.
  watchParent(process.env, () => process.emit('disconnect'))
  await import(main.href)
} else {
  process.exitCode = await runNode(findBundledNode(), [fileURLToPath(main), ...process.argv.slice(2)])
}
